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
  /** When the first mark was made, to the clock that never jumps. */
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

/** An event told later than this was not slow: one of the clocks has jumped, or they differ. */
const oldestEventMs = 10 * 60_000;

interface Pending extends Mark {
  readonly eventMs: number;
}

/**
 * Decides when the next pass runs. After a quiet time the first mark fires at once, so that a single new replica is
 * served without waiting; marks that follow a reload are coalesced, and for longer where reloads pile up old workers that
 * still hold connections. Removals wait for nothing but the pass under way. One pass at a time: marks during a pass cause
 * exactly one more.
 */
export class Dirty {
  readonly #window: Window;
  readonly #clock: Clock;
  readonly #pass: (batch: Batch) => Promise<Wake>;
  #pending: Pending[] = [];
  #firstPendingMs = 0;
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
    if (this.#pending.length === 0) this.#firstPendingMs = this.#lastMarkMs;
    this.#pending.push({ ...mark, eventMs: this.#lastMarkMs - ageMs(this.#clock.unixMs() - mark.atMs) });
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
    const isLeadingEdge = this.#firstPendingMs >= this.#lastReloadMs + quietMs;
    if (isLeadingEdge || this.#pending.some((mark) => mark.isUrgent)) return this.#firstPendingMs;
    return Math.min(this.#lastMarkMs + quietMs, this.#firstPendingMs + maxWaitMs);
  }

  #fire(): void {
    const marks = this.#pending;
    this.#pending = [];
    this.#running = this.#pass(combine(marks, this.#firstPendingMs)).then(({ hasReloaded, generations }) => {
      if (hasReloaded) {
        this.#lastReloadMs = this.#clock.nowMs();
        this.#generations = generations;
      }
      this.#running = undefined;
      this.#schedule();
    });
  }
}

/** How long ago an event happened, as far as the difference of two clocks can be believed. */
function ageMs(differenceMs: number): number {
  return differenceMs >= 0 && differenceMs <= oldestEventMs ? differenceMs : 0;
}

/** Doubles with each generation beyond the usual. */
function stretch({ quietMs, maxWaitMs }: Window, generations: number): Window {
  const factor = 2 ** Math.max(0, Math.min(generations - usualGenerations, 10));
  const limit = (ms: number): number => Math.max(ms, Math.min(ms * factor, longestQuietMs));
  return { quietMs: limit(quietMs), maxWaitMs: limit(maxWaitMs) };
}

function combine(marks: readonly Pending[], receivedMs: number): Batch {
  const isAll = marks.some((mark) => mark.stale === 'all');
  const ids = marks.flatMap((mark) => (mark.stale === 'all' ? [] : [...mark.stale]));
  const telling = marks.filter(({ reason }) => reason !== 'connect');
  return {
    reasons: [...new Set(marks.map((mark) => mark.reason))],
    stale: isAll ? 'all' : new Set(ids),
    receivedMs,
    eventMs: Math.min(...(telling.length > 0 ? telling : marks).map(({ eventMs }) => eventMs)),
  };
}
