import { withoutCommonEnds } from '../core/common-ends.ts';
import { advance, nextPauseMs, pending } from '../core/probe.ts';
import type { Probe, Standing } from '../core/probe.ts';
import type { Mark } from '../loop/dirty.ts';
import type { AskMember, Checks, Clock } from '../loop/ports.ts';

/** How long a pass waits for the first answers of new members. A member on the same machine answers within one or two. */
const momentMs = 50;
/** At the start nobody is known, and nobody who serves may be dropped for that: the longest wait for a clear answer. */
const firstMomentMs = 4000;
/** So many members are asked at the same time at most. */
const maxAtOnce = 32;

interface Followed {
  readonly probe: Probe;
  readonly sinceMs: number;
  standing: Standing;
  cancel: () => void;
  isOver: boolean;
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
  /** Theirs, by the same keys. */
  readonly #standings = new Map<string, Standing>();
  /** Those of the last time. */
  #probes: readonly Probe[] = [];
  readonly #queue: Followed[] = [];
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

  async follow(probes: readonly Probe[]): Promise<ReadonlyMap<string, Standing>> {
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
    return this.#standings;
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
    };
    this.#followed.set(probe.key, followed);
    this.#standings.set(probe.key, pending);
    this.#enqueue(followed);
    return followed;
  }

  #drop(key: string): void {
    const followed = this.#followed.get(key);
    if (followed === undefined) return;
    followed.isOver = true;
    followed.cancel();
    this.#followed.delete(key);
    this.#standings.delete(key);
  }

  #enqueue(followed: Followed): void {
    this.#queue.push(followed);
    this.#work();
  }

  #work(): void {
    while (this.#running < maxAtOnce) {
      const followed = this.#queue.shift();
      if (followed === undefined) return;
      if (followed.isOver) continue;
      this.#running += 1;
      void this.#attempt(followed).finally(() => {
        this.#running -= 1;
        this.#work();
      });
    }
  }

  async #attempt(followed: Followed): Promise<void> {
    const answer = await this.#ask(followed.probe);
    if (followed.isOver) return;
    const before = followed.standing;
    followed.standing = advance(before, answer, followed.probe.timing);
    this.#standings.set(followed.probe.key, followed.standing);
    // What a pass waits for it will see by itself.
    const isAwaited = this.#waiting.size > 0 && before.state === 'pending';
    for (const wake of this.#waiting) wake();
    if (!isAwaited) this.#tell(before, followed.standing);
    if (before.state === 'passing' && followed.standing.state !== 'passing') this.#suspect(followed.probe.containerId);
    this.#plan(followed, before);
  }

  #plan(followed: Followed, before: Standing): void {
    const ageMs = this.#clock.nowMs() - followed.sinceMs;
    const pauseMs = nextPauseMs(followed.standing, followed.probe.timing, this.#followed.size, ageMs);
    // Members that joined together are not asked together ever after.
    const isFirstPass = followed.standing.hasPassed && !before.hasPassed;
    followed.cancel = this.#clock.after(isFirstPass ? pauseMs * this.#nextPhase() : pauseMs, () => {
      this.#enqueue(followed);
    });
  }

  /** Steps of the golden ratio spread any number of phases evenly over an interval. */
  #nextPhase(): number {
    this.#spread = (this.#spread + 0.618_034) % 1;
    return 0.5 + this.#spread / 2;
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
