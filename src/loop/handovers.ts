import { handOver } from './handover.ts';
import type { Handover } from './handover.ts';
import { pause } from './pause.ts';
import type { Clock, Target, Worker } from './ports.ts';

/** When a master has long woken up and replaced whom it wanted to replace. */
const settledMs = 250;

interface Expected {
  readonly pids: ReadonlySet<number>;
  readonly leastWorkers: number;
  readonly mostWorkers: number;
  readonly sinceMs: number;
}

/**
 * Hands over early where that works, and looks afterwards whether each nginx has the workers it should have. Where it has
 * not, or lbwatch may not signal them, that nginx is left to its master from then on.
 */
export class Handovers {
  readonly #clock: Clock;
  readonly #isOn: boolean;
  /** Ids of targets that are left to their masters. */
  readonly #off = new Set<string>();
  readonly #expected = new Map<string, Expected>();
  #untold: string[] = [];

  constructor(clock: Clock, isOn: boolean) {
    this.#clock = clock;
    this.#isOn = isOn;
  }

  /**
   * Has a target reload, and hands over early where that works. Answers the workers as they were before the signal,
   * undefined where they cannot be seen, and how many new ones accept where the old ones were told to quit.
   */
  async reload(
    target: Target,
    onSignalled: () => void,
  ): Promise<{ readonly before: readonly Worker[] | undefined; readonly newWorkers: number | undefined }> {
    const reloading = this.#isAllowed(target) ? await target.reloadAndHandOver(onSignalled) : undefined;
    if (reloading !== undefined) {
      return { before: reloading.before, newWorkers: this.#judge(target, reloading.handover) };
    }
    const before = await target.listWorkers();
    await target.signalReload();
    onSignalled();
    return { before, newWorkers: await this.follow(target, before) };
  }

  /**
   * Follows a reload signal. Answers how many new workers accept, where the old ones were told to quit.
   *
   * @param before the workers as they were before it; undefined where they cannot be seen
   */
  async follow(target: Target, before: readonly Worker[] | undefined): Promise<number | undefined> {
    if (!this.#isAllowed(target) || before === undefined || !(await target.canHandOver())) return;
    return this.#judge(target, await handOver(target, before, this.#clock));
  }

  #isAllowed(target: Target): boolean {
    return this.#isOn && !this.#off.has(target.id);
  }

  #judge(target: Target, handover: Handover): number | undefined {
    if (handover.kind === 'early') return handover.newWorkers;
    if (handover.kind === 'refused') {
      this.#turnOff(
        target,
        `lbwatch may not signal the workers of ${target.name}: let it run as their user, or with the capability KILL (nginx in a container of its own: cap_add KILL there)`,
      );
    }
    return undefined;
  }

  /** Notes whom the next {@link check} should find, by the workers as they are after a reload was acknowledged. */
  note(target: Target, newWorkers: number, workers: readonly Worker[]): void {
    const pids = new Set(workers.filter(({ isQuitting }) => !isQuitting).map(({ pid }) => pid));
    // More than there were before: `worker_processes` was raised, and some of them may still be on their way.
    const mostWorkers = pids.size > newWorkers ? Number.POSITIVE_INFINITY : newWorkers;
    this.#expected.set(target.id, { pids, leastWorkers: newWorkers, mostWorkers, sinceMs: this.#clock.nowMs() });
  }

  /** Looks whether the last early handover left as many workers as it should have, once for each. */
  async check(target: Target): Promise<void> {
    const expected = this.#expected.get(target.id);
    if (expected === undefined || this.#clock.nowMs() - expected.sinceMs < settledMs) return;
    this.#expected.delete(target.id);
    let count = await countWorkers(target, expected);
    if (isRight(count, expected)) return;
    // Somebody else may be reloading it, or one has just crashed.
    await pause(this.#clock, settledMs);
    count = await countWorkers(target, expected);
    if (isRight(count, expected)) return;
    this.#turnOff(
      target,
      `${target.name} has ${String(count)} workers that accept, and should have ${String(expected.leastWorkers)}; a bug, please report it with the version of nginx`,
    );
  }

  /** Why early handover was given up for whom, each told once. */
  takeReasons(): readonly string[] {
    const reasons = this.#untold;
    this.#untold = [];
    return reasons;
  }

  #turnOff(target: Target, why: string): void {
    this.#off.add(target.id);
    this.#untold.push(why);
  }
}

/** Undefined where it cannot be told, or where all of them were replaced by somebody else's reload. */
async function countWorkers(target: Target, { pids }: Expected): Promise<number | undefined> {
  const workers = (await target.listWorkers())?.filter(({ isQuitting }) => !isQuitting);
  return workers?.some(({ pid }) => pids.has(pid)) === true ? workers.length : undefined;
}

function isRight(count: number | undefined, { leastWorkers, mostWorkers }: Expected): boolean {
  return count === undefined || (count >= leastWorkers && count <= mostWorkers);
}
