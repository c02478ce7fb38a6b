import type { Answer } from '../support/who-answers.ts';
import { renderTable } from './narrate.ts';

/** A table of who answered how many requests: one line a container, failures last. */
export function renderTally(answers: readonly Answer[], nameOf: (hostname: string) => string): readonly string[] {
  const counts = new Map<string, { readonly cells: readonly string[]; count: number }>();
  for (const answer of answers) {
    const cells = answer.kind === 'app' ? [answer.service, nameOf(answer.hostname)] : ['nobody', answer.why];
    const key = cells.join('\t');
    const row = counts.get(key) ?? { cells, count: 0 };
    row.count += 1;
    counts.set(key, row);
  }
  const rows = [...counts.values()]
    .sort((one, other) => one.cells.join('\t').localeCompare(other.cells.join('\t'), 'en', { numeric: true }))
    .map(({ cells, count }) => [...cells, String(count), '■'.repeat(Math.min(count, 30))]);
  return renderTable(['service', 'container', 'requests', ''], rows);
}
