import { setTimeout as pause } from 'node:timers/promises';

import { ask } from './ask.ts';
import { pools } from './operations.ts';
import type { ChaosStack } from './stack.ts';

/** A request that was not answered as it should. */
export interface Failure {
  readonly pool: string;
  /** When it was sent, on the monotonic clock. */
  readonly sentMs: number;
  readonly why: string;
}

const everyMs = 100;
/** nginx may have to ask several members that hang. */
const patienceMs = 10_000;

/** Asks each pool all the time as clients do, and remembers what failed. */
export class SteadyAsker {
  readonly #stack: ChaosStack;
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;
  #failures: Failure[] = [];
  /** Requests sent so far. */
  asked = 0;

  constructor(stack: ChaosStack) {
    this.#stack = stack;
    this.#done = Promise.all(pools.map((pool) => this.#askOn(pool))).then(() => undefined);
  }

  /** What failed of what was sent since then. */
  takeSince(ms: number): readonly Failure[] {
    const taken = this.#failures.filter(({ sentMs }) => sentMs >= ms);
    this.#failures = [];
    return taken;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #askOn(pool: string): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const sentMs = performance.now();
      try {
        const { status, upstream } = await ask(this.#stack.nginxBase, `/${pool}`, patienceMs);
        if (status !== 200) this.#failures.push({ pool, sentMs, why: `${String(status)} from ${upstream}` });
      } catch (error) {
        this.#failures.push({ pool, sentMs, why: error instanceof Error ? error.message : String(error) });
      }
      this.asked += 1;
      await pause(everyMs);
    }
  }
}
