import { withoutCommonEnds } from '../core/common-ends.ts';
import {
  advance,
  chooseQuestion,
  isWorthALook,
  lookPauseMs,
  nextAttemptMs,
  pending,
  untilCommonMoment,
} from '../core/probe.ts';
import type { Probe, Standing, Standings } from '../core/probe.ts';
import type { Mark } from '../loop/dirty.ts';
import { pause } from '../loop/pause.ts';
import type { AskMember, Checks, Clock } from '../loop/ports.ts';

/** How long a pass waits for the first answers of new members. A member on the same machine answers within one or two. */
const momentMs = 50;
/** At the start nobody is known, and nobody who serves may be dropped for that: the longest wait for a clear answer. */
const firstMomentMs = 4000;
/** So many members are asked at the same time at most. */
const maxAtOnce = 32;
/** Between the requests of a closer look. One is as good as several where it is answered; where not, none waits for another. */
const nextRequestMs = 100;
/** Pauses from here on end at common moments. */
const patientMs = 1000;

interface Followed {
  readonly probe: Probe;
  readonly sinceMs: number;
  standing: Standing;
  cancel: () => void;
  isOver: boolean;
  /** Whether it is looked at more closely now, and when it was the last time. */
  isLookedAt: boolean;
  lookedAtMs: number;
}

interface Attempt {
  readonly followed: Followed;
  /** Of a closer look: beside those that follow each other at the interval. */
  readonly isCloser: boolean;
  readonly onDone: () => void;
}

/**
 * Checks members again and again, spread over time, a bounded number at once, and marks the state dirty when one can
 * serve or no longer can.
 */
export class Readiness implements Checks {
  readonly #ask: AskMember;
  readonly #clock: Clock;
  readonly #mark: (mark: Mark) => void;
  readonly #suspect: (containerId: string) => void;
  readonly #followed = new Map<string, Followed>();
  /** Those of them that a closer look would tell something of. */
  readonly #worthALook = new Set<Followed>();
  /** What was answered the last time; undefined where somebody stands otherwise by now. */
  #standings: Standings | undefined;
  /** Those of the last time. */
  #probes: readonly Probe[] = [];
  readonly #queue: Attempt[] = [];
  readonly #waiting = new Set<() => void>();
  #running = 0;
  #isFirst = true;
  #spread = 0;

  /** @param suspect told of each container that served and whose checks fail now */
  constructor(
    ask: AskMember,
    clock: Clock,
    mark: (mark: Mark) => void,
    suspect: (containerId: string) => void = () => undefined,
  ) {
    this.#ask = ask;
    this.#clock = clock;
    this.#mark = mark;
    this.#suspect = suspect;
  }

  /** What is answered always tells how they stand now. */
  async follow(probes: readonly Probe[]): Promise<Standings> {
    const [gone, come] = withoutCommonEnds(this.#probes, probes);
    this.#probes = probes;
    const added = come.filter(({ key }) => !this.#followed.has(key)).map((probe) => this.#add(probe));
    const wanted = new Set(come.map(({ key }) => key));
    for (const { key } of gone) if (!wanted.has(key)) this.#drop(key);
    if (added.length > 0) {
      const isFirst = this.#isFirst;
      const isSettled = ({ standing, isOver }: Followed): boolean =>
        isOver || standing.state !== 'pending' || (!isFirst && standing.failures > 0);
      // Members settle for good: those that have are not asked about again at each answer.
      let settled = 0;
      await this.#settle(isFirst ? firstMomentMs : momentMs, () => {
        for (let next = added[settled]; next !== undefined && isSettled(next); next = added[settled]) settled += 1;
        return settled === added.length;
      });
    }
    this.#isFirst = false;
    this.#standings ??= { get: (key) => this.#followed.get(key)?.standing };
    return this.#standings;
  }

  /** Whether a closer look would tell anything of anybody. */
  get canLookCloser(): boolean {
    return this.#worthALook.size > 0;
  }

  /**
   * There is reason to think that one hangs, and nobody knows which: has those whose port alone was asked answer requests
   * as well. Comes back at once.
   */
  lookCloser(): void {
    const nowMs = this.#clock.nowMs();
    const pauseMs = lookPauseMs(this.#followed.size);
    for (const followed of [...this.#worthALook]) {
      if (followed.isLookedAt || nowMs - followed.lookedAtMs < pauseMs) continue;
      followed.isLookedAt = true;
      followed.lookedAtMs = nowMs;
      void this.#lookCloser(followed).finally(() => {
        followed.isLookedAt = false;
      });
    }
  }

  /** Asks nobody any more. */
  stop(): void {
    for (const key of [...this.#followed.keys()]) this.#drop(key);
  }

  #add(probe: Probe): Followed {
    const followed: Followed = {
      probe,
      sinceMs: this.#clock.nowMs(),
      standing: pending,
      cancel: () => undefined,
      isOver: false,
      isLookedAt: false,
      lookedAtMs: Number.NEGATIVE_INFINITY,
    };
    this.#followed.set(probe.key, followed);
    this.#standings = undefined;
    void this.#enqueue(followed, false);
    return followed;
  }

  #drop(key: string): void {
    const followed = this.#followed.get(key);
    if (followed === undefined) return;
    followed.isOver = true;
    followed.cancel();
    this.#followed.delete(key);
    this.#worthALook.delete(followed);
    this.#standings = undefined;
  }

  /** Resolves when it was asked. */
  #enqueue(followed: Followed, isCloser: boolean): Promise<void> {
    return new Promise((onDone) => {
      this.#queue.push({ followed, isCloser, onDone });
      this.#work();
    });
  }

  /** As many requests as it takes to take it out, each with its own time; none after one that was answered. */
  async #lookCloser(followed: Followed): Promise<void> {
    const asked: Promise<void>[] = [];
    for (let request = 0; request < followed.probe.timing.fall && !followed.isOver; request += 1) {
      const done = this.#enqueue(followed, true);
      asked.push(done);
      const isAnswered = done.then(() => followed.standing.failures === 0);
      if (await Promise.race([isAnswered, pause(this.#clock, nextRequestMs).then(() => false)])) break;
    }
    await Promise.all(asked);
  }

  #work(): void {
    while (this.#running < maxAtOnce) {
      const attempt = this.#queue.shift();
      if (attempt === undefined) return;
      if (attempt.followed.isOver) {
        attempt.onDone();
        continue;
      }
      this.#running += 1;
      void this.#attempt(attempt).finally(() => {
        this.#running -= 1;
        attempt.onDone();
        this.#work();
      });
    }
  }

  async #attempt({ followed, isCloser }: Attempt): Promise<void> {
    const answer = await this.#ask(chooseQuestion(followed.probe, followed.standing, isCloser));
    if (followed.isOver) return;
    const before = followed.standing;
    this.#stand(followed, advance(before, answer, followed.probe.timing));
    // What a pass waits for it will see by itself.
    const isAwaited = this.#waiting.size > 0 && before.state === 'pending';
    for (const wake of this.#waiting) wake();
    if (!isAwaited) this.#tell(before, followed.standing);
    if (before.state === 'passing' && followed.standing.state !== 'passing') this.#suspect(followed.probe.containerId);
    if (!isCloser) this.#plan(followed, before);
  }

  #stand(followed: Followed, standing: Standing): void {
    const before = followed.standing;
    if (standing === before) return;
    followed.standing = standing;
    // What else there is to it decides nothing but what to ask next.
    if (standing.state !== before.state || standing.why !== before.why) this.#standings = undefined;
    if (isWorthALook(followed.probe, standing)) this.#worthALook.add(followed);
    else this.#worthALook.delete(followed);
  }

  #plan(followed: Followed, before: Standing): void {
    const ageMs = this.#clock.nowMs() - followed.sinceMs;
    const pauseMs = nextAttemptMs(followed.probe, followed.standing, this.#followed.size, ageMs);
    // Members that joined together are not asked together ever after.
    const isFirstPass = followed.standing.hasPassed && !before.hasPassed;
    const spreadMs = isFirstPass ? pauseMs * this.#nextPhase() : pauseMs;
    // Who wrote an interval gets that one, and who is in a hurry, or out, waits for nobody.
    const { state } = followed.standing;
    const isPatient = followed.probe.timing.intervalMs === undefined && pauseMs >= patientMs && state === 'passing';
    const delayMs = isPatient ? untilCommonMoment(this.#clock.nowMs(), spreadMs) : spreadMs;
    followed.cancel = this.#clock.after(delayMs, () => {
      void this.#enqueue(followed, false);
    });
  }

  /** Steps of the golden ratio spread any number of phases evenly over an interval. */
  #nextPhase(): number {
    this.#spread = (this.#spread + 0.618_034) % 1;
    return this.#spread;
  }

  #tell(before: Standing, { state }: Standing): void {
    const isIdle = (standing: Standing['state']): boolean => standing === 'pending' || standing === 'refused';
    if (state === before.state || (isIdle(state) && isIdle(before.state))) return;
    this.#mark({
      reason: state === 'passing' ? 'check passed' : 'check failed',
      stale: new Set(),
      isUrgent: before.state === 'passing',
      atMs: this.#clock.unixMs(),
    });
  }

  /** Resolves when it is settled, or when the time is up. */
  async #settle(withinMs: number, isSettled: () => boolean): Promise<void> {
    if (isSettled()) return;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        this.#waiting.delete(wake);
        cancel();
        resolve();
      };
      const wake = (): void => {
        if (isSettled()) finish();
      };
      const cancel = this.#clock.after(withinMs, finish);
      this.#waiting.add(wake);
    });
  }
}
