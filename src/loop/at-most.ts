import type { Clock } from './ports.ts';

/** Waits for something, and not longer than this. Answers whether it has ended. Throws what it throws in that time. */
export async function waitAtMost(clock: Clock, waitMs: number, awaited: Promise<unknown>): Promise<boolean> {
  let cancel = (): void => undefined;
  const isLate = new Promise<false>((resolve) => {
    cancel = clock.after(waitMs, () => {
      resolve(false);
    });
  });
  try {
    return await Promise.race([awaited.then(() => true as const), isLate]);
  } finally {
    cancel();
  }
}
