import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

import { isConfirmed } from '../../loop/outcome.ts';
import type { Outcome } from '../../loop/outcome.ts';
import type { Clock, Report } from '../../loop/ports.ts';
import type { Staleness } from '../../loop/staleness.ts';
import { stages } from '../../loop/stopwatch.ts';

type Pass = Extract<Report, { readonly kind: 'pass' }>;

/** How a pass can end: the outcomes, and `bug` for one that did not come to any. */
const endings: Readonly<Record<Outcome['kind'] | 'bug', true>> = {
  unchanged: true,
  applied: true,
  rejected: true,
  rolledBack: true,
  unavailable: true,
  bug: true,
};

/** In seconds. A removal with early handover takes some milliseconds, a join that waits for others a second or more. */
const latencyBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 3, 5, 10];

/** The passes: how they ended, how long nginx took to follow, and whether what it runs is the truth. */
export class PassMetrics {
  readonly #clock: Clock;
  readonly #passes: Counter<'outcome'>;
  readonly #latency: Histogram;
  readonly #stages: Histogram<'stage'>;
  readonly #lastSuccess: Gauge;

  constructor(registry: Registry, clock: Clock, staleness: Pick<Staleness, 'since' | 'ageMs'>) {
    const registers = [registry];
    this.#clock = clock;
    this.#passes = new Counter({
      name: 'lbwatch_passes_total',
      help: 'Passes by how they ended.',
      labelNames: ['outcome'],
      registers,
    });
    for (const outcome of Object.keys(endings)) this.#passes.inc({ outcome }, 0);
    this.#latency = new Histogram({
      name: 'lbwatch_event_to_acknowledged_seconds',
      help: 'From the earliest event of a pass that reloaded nginx until every nginx had acknowledged; without the first pass.',
      buckets: latencyBuckets,
      registers,
    });
    this.#stages = new Histogram({
      name: 'lbwatch_stage_duration_seconds',
      help: 'The same time by stages: from the stage before to this one.',
      labelNames: ['stage'],
      // The sum and the count are enough to see which stage takes the time.
      buckets: [],
      registers,
    });
    for (const stage of stages) this.#stages.zero({ stage });
    this.#lastSuccess = new Gauge({
      name: 'lbwatch_last_success_timestamp_seconds',
      help: 'When a pass last ended with every nginx running what it should; 0 before the first.',
      registers,
    });
    new Gauge({
      name: 'lbwatch_ready',
      help: 'Whether nginx runs what it should, as far as can be known (1), or may be stale (0): /readyz.',
      registers,
      collect() {
        this.set(staleness.since === undefined ? 1 : 0);
      },
    });
    new Gauge({
      name: 'lbwatch_stale_seconds',
      help: 'For how long what nginx runs may not have been the truth; 0 while it is.',
      registers,
      collect() {
        this.set((staleness.ageMs ?? 0) / 1000);
      },
    });
  }

  notePass({ outcome, isFirst, sinceEventMs, stages: passed }: Pass): void {
    this.#passes.inc({ outcome: outcome.kind });
    if (isConfirmed(outcome)) this.#lastSuccess.set(this.#clock.unixMs() / 1000);
    // At the start nobody knows when what is new has happened.
    if (outcome.kind !== 'applied' || outcome.reloaded.length === 0 || isFirst) return;
    this.#latency.observe(sinceEventMs / 1000);
    let beforeMs = 0;
    for (const stage of stages) {
      const atMs = passed[stage];
      if (atMs === undefined) continue;
      // Where several nginx are reloaded side by side, one may come past a stage after another is past the next.
      this.#stages.observe({ stage }, Math.max(0, atMs - beforeMs) / 1000);
      beforeMs = Math.max(beforeMs, atMs);
    }
  }

  noteBug(): void {
    this.#passes.inc({ outcome: 'bug' });
  }
}
