import { printableLine } from '../core/printable.ts';
import { diff } from '../core/diff.ts';
import { exitCode } from '../loop/outcome.ts';
import { reconcile } from '../loop/reconcile.ts';
import { say, sayJson } from './say.ts';
import type { Settings } from './settings.ts';
import { otherEndsMs } from './run.ts';
import { wire } from './wire.ts';

/**
 * Runs one pass and says how it ended. Answers the exit code: 0 in step, 3 rejected, 4 rolled back, 5 unavailable.
 *
 * Throws Held (adapters/claim.ts) where another lbwatch keeps the directory.
 */
export async function once(settings: Settings, isJson: boolean): Promise<number> {
  const { parts, claim } = await wire(settings);
  await claim.take(otherEndsMs);
  const { outcome, plan } = await reconcile(parts, 'all');
  const pools = plan === undefined ? [] : diff(undefined, plan.desired);
  if (isJson) {
    sayJson({ outcome, pools, problems: plan?.desired.problems ?? [] });
  } else {
    const why = 'message' in outcome ? `: ${printableLine(outcome.message)}` : '';
    say(`${outcome.kind}${why}\n`);
    for (const { pool, primaries, backups } of pools) {
      say(`${pool}: primaries ${String(primaries)}, backups ${String(backups)}\n`);
    }
  }
  return exitCode(outcome);
}
