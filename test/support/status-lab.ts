import { decide } from '../../src/core/desired.ts';
import type { Circumstances } from '../../src/core/desired.ts';
import { diff } from '../../src/core/diff.ts';
import type { Container, Desired } from '../../src/core/model.ts';
import { isConfirmed } from '../../src/loop/outcome.ts';
import type { Outcome } from '../../src/loop/outcome.ts';
import type { Report } from '../../src/loop/ports.ts';
import type { Plan } from '../../src/loop/reconcile.ts';
import { Staleness } from '../../src/loop/staleness.ts';
import { LiveStream } from '../../src/report/live-stream.ts';
import { StatusBoard } from '../../src/report/status-board.ts';
import { startStatusServer } from '../../src/report/status-server.ts';
import { StatusText } from '../../src/report/status-text.ts';
import { Teller } from '../../src/report/teller.ts';
import { Timeline } from '../../src/report/timeline.ts';
import { circumstances } from './circumstances.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeTarget } from './fake-target.ts';
import { freePort } from './free-port.ts';

/** What is different in a pass from one that is quick and finds an nginx that runs what it should. */
export interface PassSpec {
  readonly outcome?: Outcome;
  readonly circumstances?: Partial<Circumstances>;
  readonly digest?: string;
  readonly notes?: readonly string[];
  readonly stages?: Readonly<Record<string, number>>;
}

/** Where a test is about something else. */
export const noMetrics = { contentType: 'text/plain', text: () => Promise.resolve('') };

/** The parts that tell how things are, as `lbwatch run` puts them together, told of passes by a test. */
export class StatusLab {
  readonly clock = new FakeClock();
  readonly timeline = new Timeline(this.clock);
  readonly staleness = new Staleness(this.clock);
  readonly #heard = new Map<string, string>();
  readonly board = new StatusBoard({
    version: '1.2.3',
    clock: this.clock,
    staleness: this.staleness,
    heard: (id) => this.#heard.get(id),
  });
  readonly text = new StatusText(this.board);
  readonly stream = new LiveStream(this.board, this.text, this.timeline, this.clock);
  readonly #teller = new Teller(
    (told) => {
      this.timeline.note(told);
    },
    this.clock,
    this.staleness,
  );
  #applied: Desired | undefined;

  report(report: Report): void {
    this.staleness.note(report);
    this.board.report(report);
    this.#teller.report(report);
  }

  /** A pass over these containers, and what it changed. */
  pass(containers: readonly Container[], spec: PassSpec = {}): Plan {
    const { outcome = { kind: 'unchanged' }, digest = 'd1', notes = [], stages = {} } = spec;
    const target = new FakeTarget({ name: 'shop-nginx-1' });
    const plan: Plan = {
      containers,
      departures: new Map(),
      endedDrains: [],
      notes,
      desired: decide(containers, { ...circumstances, ...spec.circumstances }),
      rendered: { text: '', streams: '', digest },
      found: { targets: [target], reach: 'any', ownReach: 'any', missing: undefined, project: 'shop' },
      builds: [circumstances.build],
    };
    if (isConfirmed(outcome)) this.#heard.set(target.id, digest);
    this.report({
      kind: 'pass',
      outcome,
      reasons: ['test'],
      plan,
      changes: isConfirmed(outcome) ? diff(this.#applied, plan.desired) : [],
      isFirst: this.#applied === undefined,
      beganMs: this.clock.nowMs(),
      sinceEventMs: 41.66,
      stages,
    });
    if (isConfirmed(outcome)) this.#applied = plan.desired;
    return plan;
  }

  /** Has the status server answer; `base` is where. Nobody can be drained. */
  async serve(names: readonly string[] = []): Promise<{ readonly base: string; readonly stop: () => Promise<void> }> {
    const port = await freePort();
    const vitals = { outcome: () => undefined, staleSince: () => this.staleness.since };
    const refuse = (): never => {
      throw new Error('nobody is drained in this test');
    };
    const desk = {
      find: refuse,
      findByAddress: refuse,
      drain: refuse,
      undrain: refuse,
      status: refuse,
      awaitQuiet: refuse,
    };
    const sources = { text: this.text, timeline: this.timeline, stream: this.stream };
    const stop = await startStatusServer(
      { host: '127.0.0.1', port, names },
      { vitals, desk, sources, metrics: noMetrics },
    );
    return { base: `http://127.0.0.1:${String(port)}`, stop };
  }
}
