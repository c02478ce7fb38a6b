import { Gauge } from 'prom-client';
import type { LabelValues, MetricObjectWithValues, MetricValue, Registry } from 'prom-client';

/** One number of a metric. */
export interface Reading<T extends string> {
  readonly labels: LabelValues<T>;
  readonly value: number;
}

/** A gauge whose numbers are made when somebody looks, and are kept nowhere: a thousand pools are ten thousand of them. */
export class LookedAt<T extends string> extends Gauge<T> {
  readonly #read: () => Iterable<Reading<T>>;

  /** @param read answers each combination of labels once */
  constructor(
    registry: Registry,
    name: string,
    help: string,
    labelNames: readonly T[],
    read: () => Iterable<Reading<T>>,
  ) {
    super({ name, help, labelNames, registers: [registry] });
    this.#read = read;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValue<T>>> {
    return { ...(await super.get()), values: [...this.#read()] };
  }
}
