/** How a pass ended: the words of the log, the exit codes and, later, the metrics. */
export type Outcome = HowItEnded & {
  /** Each nginx for which early handover was given up in this pass: why. */
  readonly handoverOff?: readonly string[];
};

type HowItEnded =
  /** nginx runs what it should, and the file says so. */
  | { readonly kind: 'unchanged' }
  /** Every nginx that runs has acknowledged; none was reloaded where only the file was put back. */
  | {
      readonly kind: 'applied';
      readonly reloaded: readonly string[];
      /** How many generations of old workers still hold connections, of the nginx with the most. */
      readonly generations: number;
    }
  /** nginx would not load it, and was not asked to: the last good file is back on disk. */
  | { readonly kind: 'rejected'; readonly message: string }
  /** nginx was asked to reload and went on with the old configuration: the last good file is back on disk. */
  | { readonly kind: 'rolledBack'; readonly message: string }
  /** Something needed is not there now; the truth waits for it. */
  | { readonly kind: 'unavailable'; readonly what: 'engine' | 'nginx' | 'files'; readonly message: string };

/** Whether every nginx that runs has what the pass wanted. */
export function isConfirmed({ kind }: Outcome): boolean {
  return kind === 'applied' || kind === 'unchanged';
}

/** Whether time alone may mend it. What nginx rejected waits for a change, or the next resync. */
export function isWorthRetrying(outcome: Outcome): boolean {
  return outcome.kind === 'unavailable' || outcome.kind === 'rolledBack';
}

/** An engine that is away is asked so often that the truth is back two seconds after it; an attempt costs next to nothing. */
export const engineRetryMs = 1000;
const longestRetryMs = 10_000;

/** The pause before try number `attempt` (from 1): a quarter of a second, doubling, up to the longest. It never gives up. */
export function backoffMs(attempt: number, longestMs = longestRetryMs): number {
  return Math.min(longestMs, 250 * 2 ** Math.min(attempt - 1, 10));
}

/** The pause after a pass, the `failures`th in a row, that is worth retrying; of a bug there is no outcome. */
export function retryPauseMs(outcome: Outcome | undefined, failures: number): number {
  const isEngine = outcome?.kind === 'unavailable' && outcome.what === 'engine';
  return backoffMs(failures, isEngine ? engineRetryMs : longestRetryMs);
}

/** The exit code of a command that ran one pass. */
export function exitCode(outcome: Outcome): number {
  switch (outcome.kind) {
    case 'unchanged':
    case 'applied':
      return 0;
    case 'rejected':
      return 3;
    case 'rolledBack':
      return 4;
    case 'unavailable':
      return 5;
  }
}
