import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';

import type { Connections, Target } from '../../loop/ports.ts';
import type { Plan } from '../../loop/reconcile.ts';
import { LookedAt } from './looked-at.ts';

/** What one nginx has answered just now. */
interface Answer {
  readonly nginx: string;
  readonly isUp: boolean;
  readonly isInStep: boolean;
  readonly version: string | undefined;
  readonly connections: Connections | undefined;
}

const connectionStates = ['reading', 'writing', 'waiting'] as const;

/** Every nginx that is kept in step: its reloads, and what it answers itself whenever somebody looks at the metrics. */
export class NginxMetrics {
  readonly #reloads: Counter<'nginx'>;
  #plan: Plan | undefined;
  #answers: readonly Answer[] = [];

  constructor(registry: Registry) {
    const labelNames = ['nginx'] as const;
    this.#reloads = new Counter({
      name: 'lbwatch_reloads_total',
      help: 'Reloads that the nginx has acknowledged.',
      labelNames,
      registers: [registry],
    });
    const isTrue = (name: string, help: string, read: (answer: Answer) => boolean): void => {
      new LookedAt(registry, name, help, labelNames, () =>
        this.#answers.map((answer) => ({ labels: { nginx: answer.nginx }, value: Number(read(answer)) })),
      );
    };
    isTrue('lbwatch_nginx_up', 'Whether it answers lbwatch.', ({ isUp }) => isUp);
    const inStep = 'Whether it runs what it should; 0 for a moment during a reload.';
    isTrue('lbwatch_nginx_in_step', inStep, ({ isInStep }) => isInStep);
    const info = 'Always 1: the version that the nginx has told.';
    new LookedAt(registry, 'lbwatch_nginx_info', info, ['nginx', 'version'], () =>
      this.#answers.flatMap(({ nginx, version }) =>
        version === undefined ? [] : [{ labels: { nginx, version }, value: 1 }],
      ),
    );
    this.#addConnections(registry);
  }

  /** Whom to ask from now on. */
  notePlan(plan: Plan): void {
    const names = new Set(plan.found.targets.map(({ name }) => name));
    for (const { name } of this.#plan?.found.targets ?? []) if (!names.has(name)) this.#reloads.remove({ nginx: name });
    for (const nginx of names) this.#reloads.inc({ nginx }, 0);
    this.#plan = plan;
  }

  noteReloads(names: readonly string[]): void {
    for (const nginx of names) this.#reloads.inc({ nginx });
  }

  /** Asks each nginx; what it answers is told until the next time. */
  async ask(): Promise<void> {
    const { found, builds, rendered } = this.#plan ?? {};
    const asked = (found?.targets ?? []).map((target, index) =>
      askOne(target, rendered?.digest, builds?.[index] ?? { version: undefined, stubStatus: false }),
    );
    this.#answers = await Promise.all(asked);
  }

  #addConnections(registry: Registry): void {
    new LookedAt(
      registry,
      'lbwatch_nginx_connections',
      'Client connections by what they do: read a request, are answered, or are idle (stub_status).',
      ['nginx', 'state'],
      () =>
        this.#answers.flatMap(({ nginx, connections }) =>
          connections === undefined
            ? []
            : connectionStates.map((state) => ({ labels: { nginx, state }, value: connections[state] })),
        ),
    );
    const answers = (): readonly Answer[] => this.#answers;
    const counters = [
      ['accepts', 'lbwatch_nginx_connections_accepted_total', 'Client connections accepted (stub_status).'],
      ['handled', 'lbwatch_nginx_connections_handled_total', 'Client connections not dropped (stub_status).'],
      ['requests', 'lbwatch_nginx_requests_total', "Client requests, lbwatch's own among them (stub_status)."],
    ] as const;
    for (const [key, name, help] of counters) {
      new Counter({
        name,
        help,
        labelNames: ['nginx'],
        registers: [registry],
        collect() {
          this.reset();
          for (const { nginx, connections } of answers()) {
            if (connections !== undefined) this.inc({ nginx }, connections[key]);
          }
        },
      });
    }
  }
}

async function askOne(
  target: Target,
  wanted: string | undefined,
  build: { readonly version: string | undefined; readonly stubStatus: boolean },
): Promise<Answer> {
  const [digest, connections] = await Promise.all([
    target.askDigest(),
    build.stubStatus ? target.askConnections() : undefined,
  ]);
  const isUp = digest !== undefined;
  return { nginx: target.name, isUp, isInStep: isUp && digest === wanted, version: build.version, connections };
}
