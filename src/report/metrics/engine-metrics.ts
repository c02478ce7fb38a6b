import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

import { engineCallResults, engineCalls } from '../../loop/ports.ts';
import type { EngineCall, EngineCallResult } from '../../loop/ports.ts';
import type { Plan } from '../../loop/reconcile.ts';
import { LookedAt } from './looked-at.ts';

/** What lbwatch asks the engine, and whether the engine tells what happens. */
export class EngineMetrics {
  readonly #calls: Counter<'call' | 'result'>;
  readonly #reconnects: Counter;
  readonly #failures: Counter;
  readonly #up: Gauge;
  readonly #streamCount: number;
  /** Of several engines by their names. */
  readonly #streams = new Set<string | undefined>();
  readonly #known = new Set<string | undefined>();

  /**
   * @param streamCount how many engines are watched
   * @param readPlan what the last pass has found
   */
  constructor(registry: Registry, streamCount: number, readPlan: () => Plan | undefined) {
    this.#streamCount = streamCount;
    const registers = [registry];
    this.#calls = new Counter({
      name: 'lbwatch_engine_calls_total',
      help: 'Calls to the Docker API, by what was asked and how it went.',
      labelNames: ['call', 'result'],
      registers,
    });
    for (const call of engineCalls) for (const result of engineCallResults) this.#calls.inc({ call, result }, 0);
    this.#up = new Gauge({
      name: 'lbwatch_event_stream_up',
      help: "Whether the engine's event stream is up; of several engines, whether all are.",
      registers,
    });
    this.#reconnects = new Counter({
      name: 'lbwatch_event_stream_reconnects_total',
      help: 'How often the event stream came back after it was lost.',
      registers,
    });
    this.#failures = new Counter({
      name: 'lbwatch_event_stream_failures_total',
      help: 'How often the event stream was lost or could not be opened.',
      registers,
    });
    const help =
      'Whether an engine answers (1) or its members are as they were last seen (0); only with LBWATCH_ENGINES.';
    new LookedAt(registry, 'lbwatch_engine_up', help, ['engine'], () =>
      (readPlan()?.engines ?? []).map(({ name: engine, awaySinceMs }) => {
        return { labels: { engine }, value: awaySinceMs === undefined ? 1 : 0 };
      }),
    );
  }

  noteCall(call: EngineCall, result: EngineCallResult): void {
    this.#calls.inc({ call, result });
  }

  noteWatching(engine: string | undefined): void {
    if (this.#known.has(engine)) this.#reconnects.inc();
    this.#known.add(engine);
    this.#streams.add(engine);
    this.#show();
  }

  noteCut(engine: string | undefined): void {
    this.#streams.delete(engine);
    this.#show();
    this.#failures.inc();
  }

  #show(): void {
    this.#up.set(this.#streams.size === this.#streamCount ? 1 : 0);
  }
}
