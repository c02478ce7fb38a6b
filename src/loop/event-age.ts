import type { Clock } from './ports.ts';

/** As far back as events are asked for. */
export const recallS = 15 * 60;

/**
 * How long ago an event happened, in milliseconds, as far as the difference of two clocks can be believed: of one that
 * seems to lie in the future, or further back than any is asked for, a clock has jumped, and it counts from now.
 *
 * @param atMs by the wall clock of the one who tells
 */
export function eventAgeMs(clock: Clock, atMs: number): number {
  const differenceMs = clock.unixMs() - atMs;
  return differenceMs >= 0 && differenceMs <= recallS * 1000 ? differenceMs : 0;
}
