import { setImmediate as turn } from 'node:timers/promises';

import type { Clock } from '../../src/loop/ports.ts';

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock whose time moves by hand; callbacks run in the order they are due, at the time they are due. */
export class FakeClock implements Clock {
  /** What Unix time was when this clock started. */
  readonly startUnixMs = 1_700_000_000_000;
  #nowMs = 0;
  #jumpedMs = 0;
  #timers: Timer[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  unixMs(): number {
    return this.startUnixMs + this.#jumpedMs + this.#nowMs;
  }

  /** Somebody puts the wall clock forward, or back; no timer is early or late for it. */
  jump(byMs: number): void {
    this.#jumpedMs += byMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** How many callbacks wait for their time. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Lets time pass, and after each callback lets what waits for it go on. */
  async advance(byMs: number): Promise<void> {
    await turn();
    const endMs = this.#nowMs + byMs;
    for (;;) {
      const next = this.#timers.reduce<Timer | undefined>(
        (first, timer) => (first === undefined || timer.dueMs < first.dueMs ? timer : first),
        undefined,
      );
      if (next === undefined || next.dueMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.callback();
      await turn();
    }
    this.#nowMs = endMs;
  }

  /** Lets time pass until a promise is settled, and gives back what it became. */
  async until<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    const settled = promise.then(
      () => true,
      () => true,
    );
    const endMs = this.#nowMs + withinMs;
    while (this.#nowMs < endMs) {
      if (await Promise.race([settled, turn(undefined).then(() => false)])) return promise;
      await this.advance(1);
    }
    throw new Error(`not settled within ${String(withinMs)} ms of the fake clock`);
  }
}
