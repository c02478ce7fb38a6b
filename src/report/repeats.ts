import { Reminder } from './reminder.ts';

/** So many different things are told at once between two reminders; more are one that says something else each time. */
const mostNews = 16;

/** Says what of something that goes on is worth a line: what is new at once, the same again when a reminder is due. */
export class Repeats {
  readonly #reminder = new Reminder();
  /** Since the last reminder. */
  readonly #told = new Set<string>();
  #times = 0;

  /** How often it was asked. */
  get times(): number {
    return this.#times;
  }

  /** Whether it should be told now; if so, it counts as told. */
  isDue(text: string, nowMs: number): boolean {
    this.#times += 1;
    const isNews = !this.#told.has(text) && this.#told.size < mostNews;
    if (!this.#reminder.isDue(nowMs) && !isNews) return false;
    if (this.#told.size >= mostNews) this.#told.clear();
    this.#told.add(text);
    return true;
  }
}
