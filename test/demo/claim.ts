import { backupServices, primaryServices } from './stack.ts';
import { distinctMembers, failures } from '../support/who-answers.ts';
import type { Answer } from '../support/who-answers.ts';

/** What the demo shows must be so; otherwise it ends here, saying what was claimed and what was seen. */
export function claim(isSo: boolean, claimed: string, seen: string): void {
  if (!isSo) throw new Error(`the demo claims that ${claimed}, but ${seen}`);
}

export function claimNoFailure(answers: readonly Answer[]): void {
  const reasons = failures(answers);
  const seen = `${String(reasons.length)} of ${String(answers.length)} failed: ${[...new Set(reasons)].join('; ')}`;
  claim(reasons.length === 0, 'every request is answered', seen);
}

/** That so many different primaries answered, and no backup. */
export function claimPrimaries(answers: readonly Answer[], count: number): void {
  claimNoFailure(answers);
  const primaries = distinctMembers(answers, primaryServices).length;
  claim(primaries === count, `${String(count)} primaries answer`, `${String(primaries)} did`);
  const backups = distinctMembers(answers, backupServices).length;
  claim(backups === 0, 'the backup stands by', 'it answered');
}

/** That nobody but a backup answered. */
export function claimBackup(answers: readonly Answer[]): void {
  claimNoFailure(answers);
  const primaries = distinctMembers(answers, primaryServices);
  claim(primaries.length === 0, 'only the backup answers', `so did ${primaries.join(', ')}`);
  claim(distinctMembers(answers, backupServices).length > 0, 'the backup answers', 'it did not');
}
