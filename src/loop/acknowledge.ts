import { pause } from './pause.ts';
import type { Clock, Target, Worker } from './ports.ts';

/** What became of a reload. */
export type Answer =
  /** New connections reach the new configuration only. */
  | 'acknowledged'
  /** It answers, with another digest: nginx refused the configuration. */
  | 'refused'
  /** Nobody answers where its digest should be asked. */
  | 'silent';

export interface Patience {
  /** The longest wait for the new digest. */
  readonly digestMs: number;
  /** The longest wait for old workers to stop accepting. */
  readonly oldWorkersMs: number;
  /** Where workers cannot be seen: how long every fresh connection must have met the new digest. */
  readonly streakMs: number;
  readonly pollMs: number;
}

export const defaultPatience: Patience = { digestMs: 5000, oldWorkersMs: 5000, streakMs: 300, pollMs: 10 };

/**
 * Waits until a reloaded nginx has answered with the digest on a fresh connection and its old workers have stopped
 * accepting. The master tells them to quit 100 ms after it started the new ones (nginx, ngx_process_cycle.c), and until
 * then a connection may land on either.
 *
 * @param before the workers as they were before the signal; undefined where they cannot be seen
 */
export async function awaitAcknowledgement(
  target: Target,
  digest: string,
  before: readonly Worker[] | undefined,
  clock: Clock,
  patience: Patience = defaultPatience,
): Promise<Answer> {
  const last = await pollDigest(target, digest, clock, patience);
  if (last !== digest) return last === undefined ? 'silent' : 'refused';
  const areGone = before !== undefined && (await pollOldWorkers(target, before, clock, patience));
  if (!areGone && !(await keepsAnswering(target, digest, clock, patience))) return 'refused';
  return (await target.askDigest()) === digest ? 'acknowledged' : 'refused';
}

async function pollDigest(
  target: Target,
  digest: string,
  clock: Clock,
  patience: Patience,
): Promise<string | undefined> {
  const deadlineMs = clock.nowMs() + patience.digestMs;
  for (;;) {
    const answer = await target.askDigest();
    if (answer === digest || clock.nowMs() >= deadlineMs) return answer;
    await pause(clock, patience.pollMs);
  }
}

async function pollOldWorkers(
  target: Target,
  before: readonly Worker[],
  clock: Clock,
  patience: Patience,
): Promise<boolean> {
  const old = new Set(before.map((worker) => worker.pid));
  const deadlineMs = clock.nowMs() + patience.oldWorkersMs;
  for (;;) {
    const workers = await target.listWorkers();
    if (workers === undefined) return false;
    if (!workers.some((worker) => old.has(worker.pid) && !worker.isQuitting)) return true;
    if (clock.nowMs() >= deadlineMs) return false;
    await pause(clock, patience.pollMs);
  }
}

/** Whether every fresh connection meets the digest for a while, within a bounded time. */
async function keepsAnswering(target: Target, digest: string, clock: Clock, patience: Patience): Promise<boolean> {
  const deadlineMs = clock.nowMs() + patience.oldWorkersMs;
  let sinceMs = clock.nowMs();
  while (clock.nowMs() < deadlineMs) {
    if ((await target.askDigest()) !== digest) sinceMs = clock.nowMs();
    else if (clock.nowMs() - sinceMs >= patience.streakMs) return true;
    await pause(clock, patience.pollMs);
  }
  return false;
}
