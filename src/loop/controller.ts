import { diff } from '../core/diff.ts';
import type { Desired } from '../core/model.ts';
import { Dirty } from './dirty.ts';
import type { Batch, Mark, Wake, Window } from './dirty.ts';
import { isConfirmed, isWorthRetrying, retryPauseMs } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import type { Clock, Reporter } from './ports.ts';
import { reconcile } from './reconcile.ts';
import type { Parts } from './reconcile.ts';
import { Stopwatch } from './stopwatch.ts';

/**
 * Runs passes when they are due, one at a time, and again after a pause where time may mend what failed. Lives through
 * any outcome and any bug.
 */
export class Controller {
  readonly #parts: Parts;
  readonly #clock: Clock;
  readonly #reporter: Reporter;
  readonly #dirty: Dirty;
  /** What nginx runs, as far as this controller has seen it acknowledged. */
  #applied: Desired | undefined;
  #failures = 0;
  #cancelRetry: (() => void) | undefined;
  #lastOutcome: Outcome | undefined;

  constructor(parts: Parts, window: Window, clock: Clock, reporter: Reporter) {
    this.#parts = parts;
    this.#clock = clock;
    this.#reporter = reporter;
    this.#dirty = new Dirty(window, clock, (batch) => this.#pass(batch));
  }

  /** Undefined until the first pass has ended. */
  get lastOutcome(): Outcome | undefined {
    return this.#lastOutcome;
  }

  mark(mark: Mark): void {
    this.#dirty.mark(mark);
  }

  /** Marks everything stale. */
  markAll(reason: string): void {
    this.mark({ reason, stale: 'all', isUrgent: false, atMs: this.#clock.unixMs() });
  }

  /** Resolves when the pass under way, if any, has ended. nginx goes on serving. */
  async stop(): Promise<void> {
    this.#cancelRetry?.();
    await this.#dirty.stop();
  }

  async #pass(batch: Batch): Promise<Wake> {
    this.#cancelRetry?.();
    const beganMs = this.#clock.nowMs();
    const stopwatch = new Stopwatch(this.#clock, batch.eventMs);
    stopwatch.note('received', batch.receivedMs);
    stopwatch.note('begun', beganMs);
    try {
      // After a failed pass nobody knows what it had refreshed. Who asks for nothing new need not wait for an engine that is away.
      const asksForNothing = batch.stale !== 'all' && batch.stale.size === 0;
      const stale = this.#failures > 0 && !asksForNothing ? 'all' : batch.stale;
      const { outcome, plan } = await reconcile(this.#parts, stale, stopwatch);
      const confirmed = isConfirmed(outcome) ? plan?.desired : undefined;
      const isFirst = this.#applied === undefined;
      const changes = confirmed === undefined ? [] : diff(this.#applied, confirmed);
      this.#applied = confirmed ?? this.#applied;
      this.#lastOutcome = outcome;
      const sinceEventMs = this.#clock.nowMs() - batch.eventMs;
      const { reasons } = batch;
      const { stages } = stopwatch;
      this.#reporter.report({ kind: 'pass', outcome, reasons, plan, changes, isFirst, beganMs, sinceEventMs, stages });
      if (isWorthRetrying(outcome) || plan?.unseen !== undefined) this.#planRetry(outcome);
      else this.#failures = 0;
      return {
        hasReloaded: outcome.kind !== 'unchanged' && outcome.kind !== 'unavailable',
        generations: outcome.kind === 'applied' ? outcome.generations : 0,
      };
    } catch (error) {
      this.#reporter.report({ kind: 'bug', error });
      this.#planRetry(undefined);
      return { hasReloaded: false, generations: 0 };
    }
  }

  #planRetry(outcome: Outcome | undefined): void {
    this.#failures += 1;
    this.#cancelRetry = this.#clock.after(retryPauseMs(outcome, this.#failures), () => {
      this.markAll('retry');
    });
  }
}
