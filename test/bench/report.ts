import { renderTable } from '../demo/narrate.ts';
import type { Aim, Finding, Group, Table } from './group.ts';

/** A group and what came of it. */
export interface Result {
  readonly group: Pick<Group, 'name' | 'title'>;
  readonly finding: Finding;
}

/** For a terminal. Pure. */
export function renderText({ group, finding }: Result): readonly string[] {
  const aims = finding.aims.map(
    ({ isMet, what, limit, measured }) => `${isMet ? '✓' : '✗'} ${what}: ${measured} (aim: ${limit})`,
  );
  return [
    '',
    `${group.title} (${group.name})`,
    ...finding.tables.flatMap(({ title, head, rows }) => ['', title, ...renderTable(head, rows)]),
    ...(aims.length === 0 ? [] : ['', ...aims]),
    ...(finding.notes.length === 0 ? [] : ['', ...finding.notes]),
  ];
}

/** For docs/performance.md. Pure. */
export function renderMarkdown(results: readonly Result[], machine: readonly string[], command: string): string {
  const parts = results.map(({ group, finding }) =>
    [
      `## ${group.title}`,
      ...finding.tables.map(renderMarkdownTable),
      ...(finding.aims.length === 0 ? [] : [renderAims(finding.aims)]),
      ...(finding.notes.length === 0 ? [] : [finding.notes.map((note) => `- ${note}`).join('\n')]),
    ].join('\n\n'),
  );
  const head = `# Performance

What \`${command}\` printed on one machine. All numbers of a table come from one run; run it on yours before you compare.

${machine.map((line) => `- ${line}`).join('\n')}`;
  return `${[head, ...parts].join('\n\n')}\n`;
}

/** The last line. */
export function renderVerdict(results: readonly Result[]): string {
  const aims = results.flatMap(({ finding }) => finding.aims);
  return `${String(aims.filter(({ isMet }) => isMet).length)} of ${String(aims.length)} aims met`;
}

function renderAims(aims: readonly Aim[]): string {
  const rows = aims.map(({ what, limit, measured, isMet }) => [what, limit, measured, isMet ? 'yes' : '**no**']);
  return renderMarkdownTable({ title: '', head: ['aim', 'limit', 'measured', 'met'], rows });
}

function renderMarkdownTable({ title, head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const table = [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
  return title === '' ? table : `${title}:\n\n${table}`;
}
