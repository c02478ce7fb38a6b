import { untilCommonMoment } from '../core/probe.ts';
import type { Clock, Target } from '../loop/ports.ts';

/** How often each nginx is asked that has something to do. */
const everyMs = 500;
/** And one that has nothing, or hardly anything, to do: what hangs there hangs for hardly anybody. */
const atRestMs = 1000;
/** So many requests between two questions are something. */
const someRequests = 10;
/** One more may be any request that takes its time. */
const moreThanUsual = 2;
/** The question is a request as well. */
const ownQuestions = 1;

/** What was seen of an nginx the last time. */
interface Known {
  /** So many requests in work are as usual. */
  readonly usual: number;
  /** Since it was started. */
  readonly requests: number;
}

/**
 * Notices that requests pile up in nginx, which is what a member that hangs does first of all: its kernel goes on accepting
 * for it, and nginx waits. nginx counts the requests that it is at (`stub_status`, "Writing"), not for whom.
 */
export class PileUp {
  readonly #clock: Clock;
  readonly #isWanted: () => boolean;
  readonly #onPileUp: () => void;
  #targets: readonly Target[] = [];
  /** By target. */
  #known = new Map<string, Known>();
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
    const ids = new Set(targets.map(({ id }) => id));
    this.#known = new Map([...this.#known].filter(([id]) => ids.has(id)));
    this.#cancel ??= this.#askIn(everyMs);
  }

  /** Asks nobody any more. */
  stop(): void {
    this.#cancel?.();
    this.#targets = [];
  }

  async #ask(): Promise<void> {
    const targets = this.#isWanted() ? this.#targets : [];
    const looks = await Promise.all(targets.map((target) => this.#look(target)));
    if (looks.some(({ isMore }) => isMore)) this.#onPileUp();
    const pauseMs = looks.some(({ isBusy }) => isBusy) ? everyMs : atRestMs;
    this.#cancel = this.#targets.length === 0 ? undefined : this.#askIn(pauseMs);
  }

  #askIn(pauseMs: number): () => void {
    return this.#clock.after(untilCommonMoment(this.#clock.nowMs(), pauseMs, everyMs), () => void this.#ask());
  }

  async #look(target: Target): Promise<{ readonly isMore: boolean; readonly isBusy: boolean }> {
    const connections = await target.askConnections();
    if (connections === undefined) return { isMore: false, isBusy: true };
    const { writing, requests } = connections;
    const known = this.#known.get(target.id);
    const usual = known?.usual ?? ownQuestions;
    const isMore = writing >= usual + moreThanUsual;
    // What was looked into is usual from then on: connections that stay, such as WebSockets, are.
    this.#known.set(target.id, { usual: isMore ? writing : Math.min(usual, writing), requests });
    return { isMore, isBusy: known === undefined || requests - known.requests >= someRequests || writing > usual };
  }
}
