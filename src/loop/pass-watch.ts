import { isConfirmed } from './outcome.ts';
import type { Plan } from './reconcile.ts';
import type { Report, Reporter } from './ports.ts';

export type Pass = Extract<Report, { readonly kind: 'pass' }>;

/** Sees every pass end, for those who wait for one, and passes all reports on. */
export class PassWatch implements Reporter {
  readonly #next: Reporter;
  readonly #callbacks = new Set<(pass: Pass) => void>();
  #latest: Plan | undefined;
  #confirmed: Plan | undefined;

  constructor(next: Reporter) {
    this.#next = next;
  }

  /** What the last pass that came so far has found. */
  get latest(): Plan | undefined {
    return this.#latest;
  }

  /** What every nginx that runs has acknowledged last. */
  get confirmed(): Plan | undefined {
    return this.#confirmed;
  }

  report(report: Report): void {
    this.#next.report(report);
    if (report.kind !== 'pass') return;
    this.#latest = report.plan ?? this.#latest;
    if (isConfirmed(report.outcome)) this.#confirmed = report.plan;
    for (const callback of [...this.#callbacks]) callback(report);
  }

  /** Calls back for each pass that ends from now on; answers a function that ends it. */
  onPass(callback: (pass: Pass) => void): () => void {
    this.#callbacks.add(callback);
    return () => {
      this.#callbacks.delete(callback);
    };
  }
}
