import { isConfirmed } from './outcome.ts';
import type { Clock, Report } from './ports.ts';

/** Two clocks, or two reckonings of one moment, never agree to the millisecond; by more than this, it is another one. */
const jitterMs = 1000;

/**
 * Since when what nginx runs may not be the truth any more: since the engine was last heard of, or since the event that no
 * pass could bring to nginx. At the start, since the start. It ends with a pass that is confirmed, and has looked while the
 * engine was telling what happens. Of several engines one is enough.
 *
 * The one place that knows it, for the log, /readyz and the commands.
 */
export class Staleness {
  readonly #clock: Clock;
  /** By the clock that never jumps; undefined while all is fresh. */
  #sinceMs: number | undefined;
  /** The same moment as it was last told, in Unix milliseconds. */
  #toldMs: number | undefined;
  /** Since when each event stream is up that is; of several engines by their names. */
  readonly #watchingMs = new Map<string | undefined, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.nowMs();
  }

  /** Takes note of what happens; a reporter that tells of it comes after. */
  note(report: Report): void {
    const nowMs = this.#clock.nowMs();
    switch (report.kind) {
      case 'watching':
        this.#watchingMs.set(report.engine, nowMs);
        break;
      case 'cut':
        this.#watchingMs.delete(report.engine);
        // One of several that is away is known to be, and its members are checked; the others' truth is as fresh as ever.
        if (this.#watchingMs.size === 0) this.#begin(nowMs - report.silentMs);
        break;
      case 'bug':
        this.#begin(nowMs);
        break;
      case 'pass':
        if (!isConfirmed(report.outcome) || report.plan?.unseen !== undefined) this.#begin(nowMs - report.sinceEventMs);
        else if (report.beganMs >= Math.min(...this.#watchingMs.values())) this.#end();
        break;
      case 'started':
      case 'stopped':
        break;
    }
  }

  /** For how long, in milliseconds; undefined while all is fresh. */
  get ageMs(): number | undefined {
    return this.#sinceMs === undefined ? undefined : this.#clock.nowMs() - this.#sinceMs;
  }

  /** The moment, as the wall clock of now has it: the same each time, unless it has moved; undefined while all is fresh. */
  get since(): Date | undefined {
    const { ageMs } = this;
    if (ageMs === undefined) return undefined;
    const sinceMs = this.#clock.unixMs() - ageMs;
    if (this.#toldMs === undefined || Math.abs(sinceMs - this.#toldMs) > jitterMs) this.#toldMs = sinceMs;
    return new Date(this.#toldMs);
  }

  #begin(sinceMs: number): void {
    this.#sinceMs = Math.min(this.#sinceMs ?? sinceMs, sinceMs);
  }

  #end(): void {
    this.#sinceMs = undefined;
    this.#toldMs = undefined;
  }
}
