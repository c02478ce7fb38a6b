import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

import { engineCallResults, engineCalls } from '../../loop/ports.ts';
import type { EngineCall, EngineCallResult } from '../../loop/ports.ts';

/** What lbwatch asks the engine, and whether the engine tells what happens. */
export class EngineMetrics {
  readonly #calls: Counter<'call' | 'result'>;
  readonly #reconnects: Counter;
  readonly #failures: Counter;
  readonly #up: Gauge;
  #hasBeenUp = false;

  constructor(registry: Registry) {
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
      help: "Whether the engine's event stream is up.",
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
  }

  noteCall(call: EngineCall, result: EngineCallResult): void {
    this.#calls.inc({ call, result });
  }

  noteWatching(): void {
    this.#up.set(1);
    if (this.#hasBeenUp) this.#reconnects.inc();
    this.#hasBeenUp = true;
  }

  noteCut(): void {
    this.#up.set(0);
    this.#failures.inc();
  }
}
