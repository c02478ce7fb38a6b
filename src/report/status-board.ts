import { isConfirmed } from '../loop/outcome.ts';
import type { Clock, Report, Reporter } from '../loop/ports.ts';
import type { Plan } from '../loop/reconcile.ts';
import type { Staleness } from '../loop/staleness.ts';
import { ConditionAges } from './condition-ages.ts';
import type { OutcomeStatus, StatusDocument } from './status-document.ts';
import { describeEngine, describeNginx, describeOutcome, describePools, describeProblems } from './status-view.ts';

/** What the board is told beside reports. */
export interface Surroundings {
  readonly version: string;
  readonly clock: Clock;
  /** Has noted each report before the board is told of it. */
  readonly staleness: Pick<Staleness, 'since'>;
  /** How many engines are watched. */
  readonly streamCount?: number;
  /** The digest that an nginx has answered with last, by the target's id. */
  readonly heard: (targetId: string) => string | undefined;
}

/**
 * How everything is, as a document. It keeps what reports bring, and makes the document when somebody asks: at most once
 * for each report.
 */
export class StatusBoard implements Reporter {
  readonly #around: Surroundings;
  readonly #startedAt: string;
  readonly #ages = new ConditionAges();
  readonly #callbacks = new Set<() => void>();
  #plan: Plan | undefined;
  #confirmed: Plan | undefined;
  #outcome: OutcomeStatus | undefined;
  /** By the engine's name where there are several. */
  readonly #streams = new Set<string | undefined>();
  #document: StatusDocument | undefined;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#startedAt = new Date(around.clock.unixMs()).toISOString();
  }

  report(report: Report): void {
    if (report.kind === 'watching') this.#streams.add(report.engine);
    if (report.kind === 'cut') this.#streams.delete(report.engine);
    if (report.kind === 'pass') {
      const nowMs = this.#around.clock.unixMs();
      const { plan, outcome, sinceEventMs } = report;
      this.#plan = plan ?? this.#plan;
      if (plan !== undefined) this.#ages.note(plan.desired.memberships, nowMs);
      if (isConfirmed(outcome)) this.#confirmed = plan;
      this.#outcome = describeOutcome(outcome, new Date(nowMs), sinceEventMs);
    }
    this.#document = undefined;
    for (const callback of [...this.#callbacks]) callback();
  }

  /** The same object until the next report. */
  read(): StatusDocument {
    this.#document ??= this.#make();
    return this.#document;
  }

  /** Calls back after each report; answers a function that ends it. */
  onChange(callback: () => void): () => void {
    this.#callbacks.add(callback);
    return () => {
      this.#callbacks.delete(callback);
    };
  }

  #make(): StatusDocument {
    const { version, staleness, heard, clock, streamCount = 1 } = this.#around;
    const { since } = staleness;
    const plan = this.#plan;
    const sinceMs = (row: Parameters<ConditionAges['sinceMs']>[0]): number => this.#ages.sinceMs(row) ?? clock.unixMs();
    const standings = { confirmed: this.#confirmed, sinceMs };
    const { pools, outside } = plan === undefined ? { pools: [], outside: [] } : describePools(plan, standings);
    return {
      lbwatch: { version, startedAt: this.#startedAt, project: plan?.found.project ?? null },
      ready: since === undefined,
      staleSince: since?.toISOString() ?? null,
      stream: this.#streams.size === streamCount ? 'up' : 'down',
      ...(plan === undefined || plan.engines.length === 0 ? {} : { engines: plan.engines.map(describeEngine) }),
      digest: plan?.rendered.digest ?? null,
      outcome: this.#outcome ?? null,
      nginx: plan === undefined ? [] : describeNginx(plan, heard),
      pools,
      outside,
      problems: plan === undefined ? [] : describeProblems(plan),
      notes: plan?.notes ?? [],
    };
  }
}
