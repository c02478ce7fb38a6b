import type { Check, CheckTiming } from './model.ts';

/** One member's address to be asked again and again. */
export interface Probe {
  /** Names this life of this member at this address, asked in this way: what was learned holds for nothing else. */
  readonly key: string;
  readonly containerId: string;
  /** `address:port`, as nginx will use it. */
  readonly address: string;
  readonly check: Extract<Check, { readonly kind: 'tcp' | 'http' }>;
  readonly timing: CheckTiming;
}

/** What one attempt found. */
export type Answer =
  | { readonly kind: 'ok'; readonly why: string }
  /** Somebody is there, or may be, and does not answer as it should. */
  | { readonly kind: 'failed'; readonly why: string }
  /** Nobody listens there: certain, and no use in sending. */
  | { readonly kind: 'refused'; readonly why: string };

/** What is known of a member by its answers so far. */
export interface Standing {
  readonly state: 'pending' | 'passing' | 'failing' | 'refused';
  /** The latest answer, in words that end a sentence about the member. */
  readonly why: string;
  /** Whether it has ever passed: the first success counts by itself. */
  readonly hasPassed: boolean;
  /** In a row; one of the two is 0. */
  readonly successes: number;
  readonly failures: number;
}

export const pending: Standing = {
  state: 'pending',
  why: 'its first check is under way',
  hasPassed: false,
  successes: 0,
  failures: 0,
};

/** Checks a second that lbwatch begins by itself at most, however many members there are. */
const checksPerSecond = 25;
const leastIntervalMs = 2000;
const suspectIntervalMs = 250;
const leastStartingMs = 50;

/** What a further answer makes of a standing. */
export function advance(standing: Standing, answer: Answer, { rise, fall }: CheckTiming): Standing {
  if (answer.kind === 'ok') {
    const successes = standing.successes + 1;
    const isUp = standing.state === 'passing' || !standing.hasPassed || successes >= rise;
    const state = isUp ? 'passing' : standing.state;
    return { state, why: answer.why, hasPassed: standing.hasPassed || isUp, successes, failures: 0 };
  }
  const failures = standing.failures + 1;
  const isDown =
    standing.state === 'failing' ||
    standing.state === 'refused' ||
    (standing.state === 'pending' && answer.kind === 'refused') ||
    failures >= fall;
  const down = answer.kind === 'refused' ? 'refused' : 'failing';
  return { ...standing, state: isDown ? down : standing.state, why: answer.why, successes: 0, failures };
}

/**
 * The pause before the next attempt, in milliseconds: while a member starts, a tenth of the time it has been starting;
 * soon, where one that serves has just failed; else the interval, which without a label grows with the number of checks,
 * so that their cost does not.
 *
 * @param checks how many members are checked in all
 * @param ageMs how long this one has been checked
 */
export function nextPauseMs(standing: Standing, { intervalMs }: CheckTiming, checks: number, ageMs: number): number {
  const interval = intervalMs ?? Math.max(leastIntervalMs, (checks * 1000) / checksPerSecond);
  if (!standing.hasPassed) return Math.min(interval, Math.max(leastStartingMs, ageMs / 10));
  const isSuspect = standing.state === 'passing' && standing.failures > 0;
  return isSuspect ? Math.min(interval, suspectIntervalMs) : interval;
}
