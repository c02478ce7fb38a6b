import { setTimeout as pause } from 'node:timers/promises';

export interface Patience {
  /** From the call on; the last attempt may begin until then. */
  readonly withinMs: number;
  readonly everyMs?: number;
}

/**
 * Attempts something until it does not throw, and gives back what it returned.
 *
 * @param what completes "… did not happen", for the error after the last attempt, which also says why it failed
 */
export async function eventually<T>(
  what: string,
  attempt: () => T | Promise<T>,
  { withinMs, everyMs = 50 }: Patience,
): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      if (performance.now() + everyMs > deadlineMs) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`${what} did not happen within ${String(withinMs / 1000)} s: ${why}`, { cause });
      }
    }
    await pause(everyMs);
  }
}
