import { setTimeout as pause } from 'node:timers/promises';

import { askWho } from './who-answers.ts';
import type { Answer } from './who-answers.ts';

/** An answer and when it came, in Unix milliseconds. */
export interface Timed {
  readonly atMs: number;
  readonly answer: Answer;
}

/** Requests one after the other for as long as something else happens, so that what clients saw meanwhile can be told. */
export class SteadyTraffic {
  readonly #seen: Timed[] = [];
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;

  /** @param everyMs the pause between two requests */
  constructor(port: number, everyMs = 15) {
    this.#done = this.#send(port, everyMs);
  }

  /** What was seen so far, in order. */
  get seen(): readonly Timed[] {
    return this.#seen;
  }

  /** Resolves when the last request has been answered. */
  async stop(): Promise<readonly Timed[]> {
    this.#stopping.abort();
    await this.#done;
    return this.#seen;
  }

  async #send(port: number, everyMs: number): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const answer = await askWho(port);
      this.#seen.push({ atMs: Date.now(), answer });
      await pause(everyMs);
    }
  }
}
