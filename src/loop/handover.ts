import { pause } from './pause.ts';
import type { Clock, Target, Worker } from './ports.ts';

/** How the accepting changed hands after a reload was asked for. */
export type Handover =
  /** The old workers were told to quit when so many new ones accepted. */
  | { readonly kind: 'early'; readonly newWorkers: number }
  /** Nothing was done: the master tells them by itself. */
  | { readonly kind: 'left' }
  /** The operating system does not let lbwatch signal the workers. */
  | { readonly kind: 'refused' };

export interface HandoverPatience {
  readonly newWorkersMs: number;
  readonly pollMs: number;
}

/**
 * How long new workers are waited for. More than the master's own 100 ms, which begin when it has read its
 * configuration, and, where it was still waiting after the reload before, only when it has read this signal at all.
 */
export const newWorkersMs = 500;

const defaultPatience: HandoverPatience = { newWorkersMs, pollMs: 2 };

/**
 * After the reload signal: waits until as many new workers accept as old ones did, then tells the old ones to quit, which
 * their master would do 100 ms later.
 *
 * Why that is safe (nginx's ngx_process_cycle.c and ngx_process.c, the same from 1.22 to 1.31):
 * - The master reads the new configuration first. Where it refuses, it starts nobody, and nobody is told to quit here.
 * - A worker takes its title after its sockets and its event loop are set up: who bears it accepts. Old and new ones
 *   share the listening sockets, so what waits in their queues is not lost with the old ones.
 * - Workers that die are started anew unless the master has marked them as exiting, and it marks them when it tells them
 *   to quit, at the end of its 100 ms. It cannot notice a death before: outside of its one `sigsuspend` it blocks
 *   SIGCHLD, and what it wrote to the channel of a dead worker counts as told, since it holds both ends itself. So an old
 *   worker that was told here and is dead by then is marked, reaped and not replaced.
 * - Told twice is told once: a worker that is exiting closes nothing again.
 * - Where new workers appeared because old ones crashed, these are gone, and no accepting ones are left to be told; at
 *   worst the master replaces a worker, as after any death.
 *
 * @param before the workers as they were before the signal
 */
export async function handOver(
  target: Target,
  before: readonly Worker[],
  clock: Clock,
  patience: HandoverPatience = defaultPatience,
): Promise<Handover> {
  const old = new Set(before.filter(({ isQuitting }) => !isQuitting).map(({ pid }) => pid));
  const known = new Set(before.map(({ pid }) => pid));
  const deadlineMs = clock.nowMs() + patience.newWorkersMs;
  while (old.size > 0 && clock.nowMs() < deadlineMs) {
    const accepting = ((await target.listWorkers()) ?? []).filter(({ isQuitting }) => !isQuitting);
    const oldPids = accepting.map(({ pid }) => pid).filter((pid) => old.has(pid));
    const newWorkers = accepting.filter(({ pid }) => !known.has(pid)).length;
    // The master was faster, or there is nobody to ask.
    if (oldPids.length === 0) return { kind: 'left' };
    if (newWorkers >= old.size) {
      const quit = await target.quitWorkers(oldPids);
      return quit === 'sent' ? { kind: 'early', newWorkers } : { kind: 'refused' };
    }
    await pause(clock, patience.pollMs);
  }
  return { kind: 'left' };
}
