import type { Mark } from '../loop/dirty.ts';
import type { Clock } from '../loop/ports.ts';

/**
 * Marks everything at a fixed interval: whatever was missed is found after this time at the latest. Answers a function
 * that ends it.
 */
export function startResync(intervalMs: number, mark: (mark: Mark) => void, clock: Clock): () => void {
  let cancel = clock.after(intervalMs, tick);
  function tick(): void {
    mark({ reason: 'resync', stale: 'all', isUrgent: false, atMs: clock.unixMs() });
    cancel = clock.after(intervalMs, tick);
  }
  return () => {
    cancel();
  };
}
