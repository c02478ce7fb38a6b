import { untilCommonMoment } from '../core/probe.ts';
import type { Clock, Target } from '../loop/ports.ts';

/** How often each nginx is asked. */
const everyMs = 500;
/** One more may be any request that takes its time. */
const moreThanUsual = 2;
/** The question is a request as well. */
const ownQuestions = 1;

/**
 * Notices that requests pile up in nginx, which is what a member that hangs does first of all: its kernel goes on accepting
 * for it, and nginx waits. nginx counts the requests that it is at (`stub_status`, "Writing"), not for whom.
 */
export class PileUp {
  readonly #clock: Clock;
  readonly #isWanted: () => boolean;
  readonly #onPileUp: () => void;
  #targets: readonly Target[] = [];
  /** By target: so many are as usual. */
  #usual = new Map<string, number>();
  #cancel: (() => void) | undefined;

  /**
   * @param isWanted whether anybody could do something about it; nobody is asked where not
   * @param onPileUp called again as they become more still
   */
  constructor(clock: Clock, isWanted: () => boolean, onPileUp: () => void) {
    this.#clock = clock;
    this.#isWanted = isWanted;
    this.#onPileUp = onPileUp;
  }

  /** Asks these from now on, and no others. */
  watch(targets: readonly Target[]): void {
    this.#targets = targets;
    const known = targets.flatMap(({ id }): [string, number][] => {
      const usual = this.#usual.get(id);
      return usual === undefined ? [] : [[id, usual]];
    });
    this.#usual = new Map(known);
    this.#cancel ??= this.#askLater();
  }

  /** Asks nobody any more. */
  stop(): void {
    this.#cancel?.();
    this.#targets = [];
  }

  async #ask(): Promise<void> {
    const targets = this.#isWanted() ? this.#targets : [];
    const isMore = await Promise.all(targets.map((target) => this.#isMore(target)));
    if (isMore.includes(true)) this.#onPileUp();
    this.#cancel = this.#targets.length === 0 ? undefined : this.#askLater();
  }

  #askLater(): () => void {
    return this.#clock.after(untilCommonMoment(this.#clock.nowMs(), everyMs), () => void this.#ask());
  }

  async #isMore(target: Target): Promise<boolean> {
    const writing = (await target.askConnections())?.writing;
    if (writing === undefined) return false;
    const usual = this.#usual.get(target.id) ?? ownQuestions;
    const isMore = writing >= usual + moreThanUsual;
    // What was looked into is usual from then on: connections that stay, such as WebSockets, are.
    this.#usual.set(target.id, isMore ? writing : Math.min(usual, writing));
    return isMore;
  }
}
