import type { Check, CheckTiming } from './model.ts';

/** One member's address to be asked again and again. */
export interface Probe {
  /** Names this life of this member at this address, asked in this way: what was learned holds for nothing else. */
  readonly key: string;
  readonly containerId: string;
  /** `address:port`, as nginx will use it. */
  readonly address: string;
  readonly check: Exclude<Check, { readonly kind: 'docker' | 'none' }>;
  readonly timing: CheckTiming;
}

/** What one attempt asks: `reply` sends a request that any answer will do for. */
export interface Question extends Omit<Probe, 'check'> {
  readonly check: Exclude<Probe['check'], { readonly kind: 'alive' }> | { readonly kind: 'reply' };
}

/** What one attempt found. */
export type Answer =
  | { readonly kind: 'ok'; readonly why: string }
  /** It did something about a request. */
  | { readonly kind: 'replied'; readonly why: string }
  /** It accepted the connection and said nothing to a request within the time. */
  | { readonly kind: 'silent'; readonly why: string }
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
  /** In a row; one of the two is 0. Successes are counted to as many as bring it back. */
  readonly successes: number;
  readonly failures: number;
  /** Absent where nothing is known. */
  readonly talk?: Talk;
}

/** What is known of how a member takes requests, whatever it answers. */
interface Talk {
  /** Whether it ever said anything to one; undefined: not known yet. */
  readonly speaks: boolean | undefined;
  /** Those in a row that it said nothing to. */
  readonly silences: number;
  /** By what its time is multiplied. Whoever came back from silence by itself was perhaps only busy. */
  readonly patience: number;
}

/**
 * How members stand, by their probes' keys; undefined for one that is not known. Where the state of one is another, or why,
 * it is another object.
 */
export type Standings = Pick<ReadonlyMap<string, Standing>, 'get'>;

const unheard: Talk = { speaks: undefined, silences: 0, patience: 1 };
/** So many requests without a word, from one that never had one: it speaks something else than HTTP. */
const mostUnheard = 3;
const mostPatience = 16;

export const pending: Standing = {
  state: 'pending',
  why: 'its first check is under way',
  hasPassed: false,
  successes: 0,
  failures: 0,
};

/** Checks a second that lbwatch begins by itself at most, on average, however many members there are. */
const checksPerSecond = 20;
const leastIntervalMs = 2000;
const suspectIntervalMs = 250;
const leastStartingMs = 50;
const leastLookMs = 1000;
/** What a timer is late by, and an answer from nearby takes: not to be paid for by a whole further moment. */
const graceMs = 50;
const unheardIntervalMs = 500;

/** What a further answer makes of a standing: the same object, where that is nothing new. */
export function advance(standing: Standing, answer: Answer, timing: CheckTiming): Standing {
  const next = advanceAnew(standing, answer, timing);
  return isSame(standing, next) ? standing : next;
}

function isSame(one: Standing, other: Standing): boolean {
  return (
    one.state === other.state &&
    one.why === other.why &&
    one.hasPassed === other.hasPassed &&
    one.successes === other.successes &&
    one.failures === other.failures &&
    one.talk?.speaks === other.talk?.speaks &&
    one.talk?.silences === other.talk?.silences &&
    one.talk?.patience === other.talk?.patience
  );
}

function advanceAnew(standing: Standing, answer: Answer, timing: CheckTiming): Standing {
  if (answer.kind === 'replied') return hearReply(standing, answer.why, timing);
  if (answer.kind === 'silent') return hearNothing(standing, answer.why, timing);
  // That its port answers is no news of one that is silent: its kernel does that.
  return answer.kind === 'ok' && isSilent(standing) ? standing : count(standing, answer, timing);
}

function hearReply(standing: Standing, why: string, timing: CheckTiming): Standing {
  const { silences, patience } = standing.talk ?? unheard;
  const next = count(standing, { kind: 'ok', why }, timing);
  const isPassing = next.state === 'passing';
  const isBack = isPassing && standing.state !== 'passing' && silences > 0;
  const talk = {
    speaks: true,
    silences: isPassing ? 0 : silences,
    patience: isBack ? Math.min(2 * patience, mostPatience) : patience,
  };
  return { ...next, talk };
}

/** From one that never said anything silence means nothing but that its port answers. */
function hearNothing(standing: Standing, why: string, timing: CheckTiming): Standing {
  const talk = standing.talk ?? unheard;
  const silences = talk.silences + 1;
  if (talk.speaks === true) return { ...count(standing, { kind: 'failed', why }, timing), talk: { ...talk, silences } };
  const next = count(standing, { kind: 'ok', why: standing.why }, timing);
  return { ...next, talk: { ...talk, silences, speaks: silences >= mostUnheard ? false : undefined } };
}

function isSilent({ talk }: Standing): boolean {
  return talk?.speaks === true && talk.silences > 0;
}

/**
 * What to ask next. Whether a member answers requests at all is found out once it serves; from then on a request is sent
 * where there is reason to doubt: it said nothing to the last one, or somebody wants to know.
 *
 * @param isCloser whether the port is not enough
 */
export function chooseQuestion(probe: Probe, { hasPassed, talk = unheard }: Standing, isCloser: boolean): Question {
  const { check, timing } = probe;
  if (check.kind !== 'alive') return { ...probe, check };
  const isInDoubt = talk.speaks === true ? isCloser || talk.silences > 0 : talk.speaks === undefined && hasPassed;
  if (!isInDoubt) return { ...probe, check: { kind: 'tcp' } };
  return {
    ...probe,
    check: { kind: 'reply' },
    timing: { ...timing, timeoutMs: timing.timeoutMs * talk.patience },
  };
}

/**
 * The pause before the next attempt as {@link nextPauseMs} has it, but where it is not known yet whether a member that
 * serves answers requests: that is wanted before it hangs.
 */
export function nextAttemptMs(probe: Probe, standing: Standing, checks: number, ageMs: number): number {
  const pauseMs = nextPauseMs(standing, probe.timing, checks, ageMs);
  const isUnheard = probe.check.kind === 'alive' && standing.hasPassed && standing.talk?.speaks === undefined;
  return isUnheard ? Math.min(pauseMs, Math.max(unheardIntervalMs, checks * 20)) : pauseMs;
}

/** Whether it can be told from its silence that it hangs. */
export function isWorthALook({ check }: Probe, { state, talk }: Standing): boolean {
  return check.kind === 'alive' && state === 'passing' && talk?.speaks === true;
}

/**
 * A pause that ends at one of the moments that all who wait for long have in common: to wake up for one costs nearly as much as for
 * ten. As long as it was to be, up to a moment longer, or as much shorter as the last answer may have taken;
 * never none.
 *
 * @param nowMs of a clock that never jumps
 * @param apartMs how far these moments are apart; those of a second, or of a part of it
 */
export function untilCommonMoment(nowMs: number, pauseMs: number, apartMs = 1000): number {
  return Math.ceil((nowMs + Math.max(1, pauseMs - graceMs)) / apartMs) * apartMs - nowMs;
}

/** The least pause between two closer looks at a member, so that they are no more a second than checks are. */
export function lookPauseMs(checks: number): number {
  return Math.max(leastLookMs, (checks * 1000) / checksPerSecond);
}

function count(
  standing: Standing,
  answer: Exclude<Answer, { readonly kind: 'replied' | 'silent' }>,
  { rise, fall }: CheckTiming,
): Standing {
  if (answer.kind === 'ok') {
    const successes = Math.min(standing.successes + 1, rise);
    const isUp = standing.state === 'passing' || !standing.hasPassed || successes >= rise;
    const state = isUp ? 'passing' : standing.state;
    return { ...standing, state, why: answer.why, hasPassed: standing.hasPassed || isUp, successes, failures: 0 };
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
