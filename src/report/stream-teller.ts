import type { Clock, Report } from '../loop/ports.ts';
import { printable } from '../core/printable.ts';
import type { Staleness } from '../loop/staleness.ts';
import { renderDuration } from './duration.ts';
import { Reminder } from './reminder.ts';
import type { Told } from './told.ts';

/** A stream that was up for so long and breaks is news, not the same trouble going on. */
const calmMs = 60_000;

/** Tells how an engine's event stream is: when it is up, when it is lost, and in growing pauses that it still is. */
export class StreamTeller {
  readonly #tell: (told: Told) => void;
  readonly #clock: Clock;
  readonly #staleness: Pick<Staleness, 'since' | 'ageMs'>;
  readonly #engine: string | undefined;
  #cut: { readonly beganMs: number; readonly reminder: Reminder } | undefined;
  /** When the stream that was said to be lost came back. */
  #againMs: number | undefined;
  #isCutTold = false;

  /** @param engine its name, where there are several */
  constructor(
    tell: (told: Told) => void,
    clock: Clock,
    staleness: Pick<Staleness, 'since' | 'ageMs'>,
    engine: string | undefined,
  ) {
    this.#tell = tell;
    this.#clock = clock;
    this.#staleness = staleness;
    this.#engine = engine;
  }

  /** @param isFailing passes fail as well, and their lines say it */
  tellCut({ why, retryMs, silentMs }: Extract<Report, { readonly kind: 'cut' }>, isFailing: boolean): void {
    const nowMs = this.#clock.nowMs();
    if (this.#againMs !== undefined && nowMs - this.#againMs >= calmMs) this.#cut = undefined;
    this.#againMs = undefined;
    const isFirst = this.#cut === undefined;
    this.#cut ??= { beganMs: nowMs - silentMs, reminder: new Reminder() };
    const isTold = this.#cut.reminder.isDue(nowMs) && (isFirst || !isFailing);
    this.#isCutTold ||= isTold;
    // Of several, the others keep the whole fresh.
    const age =
      this.#engine === undefined ? describeStale(this.#staleness) : `for ${renderDuration(nowMs - this.#cut.beganMs)}`;
    const line = this.#name(isFirst ? why : `${why} (${age})`);
    const details = { ...this.#about(), why, retryMs, staleSince: this.#staleness.since, line };
    const told = { message: 'event stream lost', details } as const;
    this.#tell(isTold ? { level: 'warn', ...told, event: { kind: 'stream lost' } } : { level: 'debug', ...told });
  }

  tellWatching(): void {
    const nowMs = this.#clock.nowMs();
    if (this.#cut === undefined) {
      const about = this.#engine === undefined ? {} : { details: { ...this.#about(), line: printable(this.#engine) } };
      this.#tell({ level: 'info', message: 'watching the engine', ...about, event: { kind: 'stream up' } });
    } else {
      const line = this.#name(`after ${renderDuration(nowMs - this.#cut.beganMs)}`);
      const told = { message: 'watching the engine again', details: { ...this.#about(), line } } as const;
      this.#tell(
        this.#isCutTold ? { level: 'info', ...told, event: { kind: 'stream up' } } : { level: 'debug', ...told },
      );
    }
    this.#isCutTold = false;
    this.#againMs = nowMs;
  }

  #about(): { readonly engine?: string } {
    return this.#engine === undefined ? {} : { engine: this.#engine };
  }

  #name(line: string): string {
    return this.#engine === undefined ? line : `${printable(this.#engine)}: ${line}`;
  }
}

/** For the end of a line about what goes on failing. */
export function describeStale({ since, ageMs }: Pick<Staleness, 'since' | 'ageMs'>): string {
  return since === undefined || ageMs === undefined
    ? 'again'
    : `stale since ${since.toISOString()}, for ${renderDuration(ageMs)}`;
}
