/** Once, and again after a second, ten, a minute, five, fifteen, and then every hour. */
const pausesMs = [1000, 10_000, 60_000, 5 * 60_000, 15 * 60_000];
const lastPauseMs = 60 * 60_000;

/** Says when something that goes on is worth telling again: soon at first, so that nobody waits in doubt, then seldom. */
export class Reminder {
  #times = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  /** Whether it should be told now; if so, it counts as told. */
  isDue(nowMs: number): boolean {
    if (nowMs < this.#notBeforeMs) return false;
    this.#notBeforeMs = nowMs + (pausesMs[this.#times] ?? lastPauseMs);
    this.#times += 1;
    return true;
  }
}
