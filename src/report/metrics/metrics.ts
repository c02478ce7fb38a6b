import { Registry } from 'prom-client';

import type { Clock, EngineCall, EngineCallResult, Report, Reporter } from '../../loop/ports.ts';
import type { Plan } from '../../loop/reconcile.ts';
import type { Staleness } from '../../loop/staleness.ts';
import { EngineMetrics } from './engine-metrics.ts';
import { NginxMetrics } from './nginx-metrics.ts';
import { PassMetrics } from './pass-metrics.ts';
import { addPoolMetrics } from './pool-metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';

/**
 * What Prometheus is told (docs/metrics.md). What happens is counted as it is reported; what is so at the moment is looked at
 * when somebody asks, and costs nothing until then.
 */
export class Metrics implements Reporter {
  /** Of {@link text}. */
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #passes: PassMetrics;
  readonly #nginx: NginxMetrics;
  readonly #engine: EngineMetrics;
  /** What the last pass that came so far has found. */
  #plan: Plan | undefined;
  #asked: Promise<string> | undefined;

  /**
   * @param staleness has noted each report before these metrics are told of it
   * @param streamCount how many engines are watched
   */
  constructor(version: string, clock: Clock, staleness: Pick<Staleness, 'since' | 'ageMs'>, streamCount = 1) {
    this.#passes = new PassMetrics(this.#registry, clock, staleness);
    addPoolMetrics(this.#registry, () => this.#plan);
    this.#nginx = new NginxMetrics(this.#registry);
    this.#engine = new EngineMetrics(this.#registry, streamCount, () => this.#plan);
    addProcessMetrics(this.#registry, version);
  }

  report(report: Report): void {
    switch (report.kind) {
      case 'pass':
        this.#passes.notePass(report);
        if (report.plan !== undefined) {
          this.#plan = report.plan;
          this.#nginx.notePlan(report.plan);
        }
        if (report.outcome.kind === 'applied') this.#nginx.noteReloads(report.outcome.reloaded);
        break;
      case 'bug':
        this.#passes.noteBug();
        break;
      case 'watching':
        this.#engine.noteWatching(report.engine);
        break;
      case 'cut':
        this.#engine.noteCut(report.engine);
        break;
      case 'started':
      case 'stopped':
        break;
    }
  }

  /** Counts a call to the engine. */
  noteCall(call: EngineCall, result: EngineCallResult): void {
    this.#engine.noteCall(call, result);
  }

  /** All of them in Prometheus' text format. Who asks while they are being gathered gets the same ones. */
  text(): Promise<string> {
    this.#asked ??= this.#gather().finally(() => {
      this.#asked = undefined;
    });
    return this.#asked;
  }

  async #gather(): Promise<string> {
    await this.#nginx.ask();
    return this.#registry.metrics();
  }
}
