/** How large a terminal is, in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Of the terminal that is written to; one that does not tell is taken for a common one. */
export function terminalSize({ columns, rows }: TerminalSize = process.stdout): TerminalSize {
  return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
}

/** Lines cut to a terminal's size, so that each takes one line and the first is seen. The last row stays empty. */
export function fit(text: string, { columns, rows }: TerminalSize): string {
  const lines = text.replace(/\n$/, '').split('\n');
  const room = Math.max(1, rows - 1);
  const shown = lines.length <= room ? lines : lines.slice(0, room - 1);
  const hidden = lines.length - shown.length;
  const more = hidden === 0 ? [] : [`… and ${String(hidden)} more lines; a larger terminal, or --json, shows them`];
  return [...shown, ...more].map((line) => `${cut(line, columns)}\n`).join('');
}

/** Each line cut to a width, however many there are. */
export function fitWidth(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => cut(line, columns))
    .join('\n');
}

function cut(line: string, columns: number): string {
  const characters = Array.from(line);
  return characters.length <= columns ? line : `${characters.slice(0, Math.max(0, columns - 1)).join('')}…`;
}
