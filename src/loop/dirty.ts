import { eventAgeMs } from './event-age.ts';
import type { Stale } from './inventory.ts';
import type { Clock } from './ports.ts';

/** Why a pass is due. */
export interface Mark {
  readonly reason: string;
  readonly stale: Stale;
  /** A removal: it waits for nothing but the pass under way. */
  readonly isUrgent: boolean;
  /** When it happened, Unix time in milliseconds, as the one who saw it tells. */
  readonly atMs: number;
}

/** All marks since the last pass. */
export interface Batch {
  readonly reasons: readonly string[];
  readonly stale: Stale;
  /** When the first of these marks was made, to the clock that never jumps. */
  readonly receivedMs: number;
  /**
   * When the earliest mark's event happened, to the clock that never jumps; a container is connected before it starts, and
   * only the start counts.
   */
  readonly eventMs: number;
}

export interface Window {
  /** A burst is over when nothing was marked for so long. */
  readonly quietMs: number;
  /** A steady stream of marks still fires after so long. */
  readonly maxWaitMs: number;
}

/** What a pass left behind. */
export interface Wake {
  readonly hasReloaded: boolean;
  /** How many generations of old workers still hold connections. */
  readonly generations: number;
}

/** So many generations of old workers are as usual: keep-alive clients hold each for some seconds. */
const usualGenerations = 3;
const longestQuietMs = 30_000;

/**
 * Removals that belong together, as those of `compose stop`, come within milliseconds of each other; each that misses the
 * pass of the first waits for all of it. Each removal pays for it, so that it is short.
 */
const gatherMs = 3;

/**
 * The engine connects a container to its networks just before it starts it, and answers no question about it until it has:
 * a pass for that would hold up the one for the start. One that runs already is connected more seldom, and can wait.
 */
const forerunner = 'connect';

interface Pending extends Mark {
  readonly markedMs: number;
  readonly eventMs: number;
}

/**
 * Decides when the next pass runs. After a quiet time the first mark fires at once, so that a single new replica is
 * served without waiting; marks that follow a reload are coalesced, and for longer where reloads pile up old workers that
 * still hold connections. Removals wait for nothing but each other, for a moment, and the pass under way. One pass at a time: marks during a pass cause
 * exactly one more.
 */
export class Dirty {
  readonly #window: Window;
  readonly #clock: Clock;
  readonly #pass: (batch: Batch) => Promise<Wake>;
  #pending: Pending[] = [];
  #lastMarkMs = 0;
  #lastReloadMs = Number.NEGATIVE_INFINITY;
  #generations = 0;
  #cancelTimer: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;

  /** @param pass must not throw */
  constructor(window: Window, clock: Clock, pass: (batch: Batch) => Promise<Wake>) {
    this.#window = window;
    this.#clock = clock;
    this.#pass = pass;
  }

  mark(mark: Mark): void {
    if (this.#isStopped) return;
    this.#lastMarkMs = this.#clock.nowMs();
    const markedMs = this.#lastMarkMs;
    this.#pending.push({ ...mark, markedMs, eventMs: markedMs - eventAgeMs(this.#clock, mark.atMs) });
    this.#schedule();
  }

  /** No further pass starts; resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    await this.#running;
  }

  #schedule(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#pending.length === 0 || this.#running !== undefined || this.#isStopped) return;
    const waitMs = this.#dueMs() - this.#clock.nowMs();
    if (waitMs <= 0) this.#fire();
    else
      this.#cancelTimer = this.#clock.after(waitMs, () => {
        this.#fire();
      });
  }

  #dueMs(): number {
    const { quietMs, maxWaitMs } = stretch(this.#window, this.#generations);
    const [first] = this.#pending;
    const longestMs = (first?.markedMs ?? 0) + maxWaitMs;
    const urgent = this.#pending.find((mark) => mark.isUrgent);
    if (urgent !== undefined) return Math.min(urgent.markedMs + gatherMs, longestMs);
    const telling = this.#pending.find(({ reason }) => reason !== forerunner);
    const isLeadingEdge = telling !== undefined && telling.markedMs >= this.#lastReloadMs + quietMs;
    return isLeadingEdge ? telling.markedMs : Math.min(this.#lastMarkMs + quietMs, longestMs);
  }

  #fire(): void {
    const marks = this.#pending;
    this.#pending = [];
    this.#running = this.#pass(combine(marks)).then(({ hasReloaded, generations }) => {
      if (hasReloaded) {
        this.#lastReloadMs = this.#clock.nowMs();
        this.#generations = generations;
      }
      this.#running = undefined;
      this.#schedule();
    });
  }
}

/** Doubles with each generation beyond the usual. */
function stretch({ quietMs, maxWaitMs }: Window, generations: number): Window {
  const factor = 2 ** Math.max(0, Math.min(generations - usualGenerations, 10));
  const limit = (ms: number): number => Math.max(ms, Math.min(ms * factor, longestQuietMs));
  return { quietMs: limit(quietMs), maxWaitMs: limit(maxWaitMs) };
}

function combine(marks: readonly Pending[]): Batch {
  const isAll = marks.some((mark) => mark.stale === 'all');
  const ids = marks.flatMap((mark) => (mark.stale === 'all' ? [] : [...mark.stale]));
  const telling = marks.filter(({ reason }) => reason !== forerunner);
  const counted = telling.length > 0 ? telling : marks;
  return {
    reasons: [...new Set(marks.map((mark) => mark.reason))],
    stale: isAll ? 'all' : new Set(ids),
    receivedMs: Math.min(...counted.map(({ markedMs }) => markedMs)),
    eventMs: Math.min(...counted.map(({ eventMs }) => eventMs)),
  };
}
