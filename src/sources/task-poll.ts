import type { Mark } from '../loop/dirty.ts';
import { engineRetryMs } from '../loop/outcome.ts';
import { AppError } from '../loop/ports.ts';
import type { Clock } from '../loop/ports.ts';

/** What is asked, and what an answer means. */
export interface Polled {
  /** May throw an AppError. */
  poll(extent: 'all' | 'moving'): Promise<{
    readonly hasChanged: boolean;
    readonly hasLeft: boolean;
    readonly isConverging: boolean;
    /** How many ask as this one does. */
    readonly askers: number;
    /** Whether all tasks were asked for, and not those alone that move. */
    readonly isWhole: boolean;
  }>;
  /** Calls back at each event that tells of a change to come. */
  onEvent(listen: () => void): void;
}

/** The pauses between polls. */
export interface PollTiming {
  /** After an event or a change; each is half as long again as the one before, up to `quickMs`. */
  readonly firstMs: number;
  /** While anything converges. */
  readonly quickMs: number;
  /** At rest. */
  readonly restMs: number;
}

const defaultPollTiming: PollTiming = { firstMs: 15, quickMs: 100, restMs: 2000 };

/** Something may follow a change, though nothing that was listed says so. */
const settleMs = 3000;
/** What has not converged after so long, such as an update that waits, is asked for at rest. */
const longestQuickMs = 60_000;
/**
 * Of the time of one of a manager's processors, so much at most is spent on the answers to all who ask: those of a large Swarm
 * take a second each, and there may be a hundred balancers. While anything converges, a list every two seconds tells who is to
 * leave before it gets its signal.
 */
const quickShare = 0.5;
const restShare = 0.1;

/**
 * Asks a manager for its tasks again and again, since no event tells of them: quickly while anything converges, slowly at
 * rest. Makes a pass due for what has changed; at once where somebody leaves. Answers a function that ends it.
 */
export function startTaskPoll(
  swarm: Polled,
  mark: (mark: Mark) => void,
  clock: Clock,
  timing: PollTiming = defaultPollTiming,
): () => void {
  const poll = new TaskPoll(swarm, mark, clock, timing);
  return () => {
    poll.stop();
  };
}

class TaskPoll {
  readonly #swarm: Polled;
  readonly #mark: (mark: Mark) => void;
  readonly #clock: Clock;
  readonly #timing: PollTiming;
  #cancel: () => void = () => undefined;
  #isStopped = false;
  #isAsking = false;
  #isConverging = false;
  #isFailing = false;
  /** The last event or change. */
  #movedMs = Number.NEGATIVE_INFINITY;
  /** The next pause after it. */
  #pauseMs: number;
  /** When all are due: those that move are asked for between. */
  #wholeDueMs: number;

  constructor(swarm: Polled, mark: (mark: Mark) => void, clock: Clock, timing: PollTiming) {
    this.#swarm = swarm;
    this.#mark = mark;
    this.#clock = clock;
    this.#timing = timing;
    this.#pauseMs = timing.firstMs;
    swarm.onEvent(() => {
      this.#hurry();
    });
    this.#wholeDueMs = clock.nowMs() + timing.restMs;
    this.#plan(timing.restMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #hurry(): void {
    this.#noteMove();
    // The answer under way may be older than the event: the next follows it soon.
    if (!this.#isAsking) this.#plan(0);
  }

  #noteMove(): void {
    this.#movedMs = this.#clock.nowMs();
    this.#pauseMs = this.#timing.firstMs;
  }

  #plan(pauseMs: number): void {
    this.#cancel();
    if (this.#isStopped) return;
    this.#cancel = this.#clock.after(pauseMs, () => {
      void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    const beganMs = this.#clock.nowMs();
    try {
      const extent = beganMs >= this.#wholeDueMs ? 'all' : 'moving';
      const { hasChanged, hasLeft, isConverging, askers, isWhole } = await this.#swarm.poll(extent);
      this.#isConverging = isConverging;
      if (hasChanged || this.#isFailing) {
        const reason = hasChanged ? 'tasks changed' : 'manager answers';
        this.#mark({ reason, stale: 'all', isUrgent: hasLeft, atMs: this.#clock.unixMs() });
      }
      if (hasChanged) this.#noteMove();
      this.#isFailing = false;
      this.#isAsking = false;
      // All answers to all who ask, together.
      const tookMs = (this.#clock.nowMs() - beganMs) * askers;
      if (isWhole) this.#noteWhole(tookMs);
      this.#plan(this.#nextPauseMs(isWhole ? 0 : tookMs));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // The pass says what is wrong, and is repeated until there is an answer.
      if (!this.#isFailing) {
        this.#mark({ reason: 'manager silent', stale: 'all', isUrgent: false, atMs: this.#clock.unixMs() });
      }
      this.#isFailing = true;
      // It answers again when it has told all: to ask for nothing that moves never fails.
      this.#wholeDueMs = this.#clock.nowMs();
      this.#isAsking = false;
      this.#plan(engineRetryMs);
    }
  }

  #noteWhole(tookMs: number): void {
    // Balancers that were started together do not ask together for ever.
    const spread = 0.9 + 0.2 * Math.random();
    this.#wholeDueMs = this.#clock.nowMs() + Math.max(this.#timing.restMs * spread, tookMs / restShare);
  }

  /** @param tookMs to ask for those that move */
  #nextPauseMs(tookMs: number): number {
    const nowMs = this.#clock.nowMs();
    const untilWholeMs = Math.max(0, this.#wholeDueMs - nowMs);
    if (nowMs - this.#movedMs >= (this.#isConverging ? longestQuickMs : settleMs)) return untilWholeMs;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 1.5, this.#timing.quickMs);
    return Math.min(untilWholeMs, Math.max(pauseMs, tookMs / quickShare));
  }
}
