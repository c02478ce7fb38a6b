import { styleText } from 'node:util';

const isTerminal = process.stdout.isTTY;
const hasColour = isTerminal && (process.env['NO_COLOR'] ?? '') === '';

type Style = Parameters<typeof styleText>[0];

/** A text in a colour where there is a terminal that wants one. */
export function paint(style: Style, text: string): string {
  return hasColour ? styleText(style, text, { validateStream: false }) : text;
}

export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** The head of a step. */
export function tellStep(number: number, title: string): void {
  say();
  say(paint('bold', `${String(number)}  ${title}`));
}

/** A command as a person would type it. */
export function tellCommand(command: string): void {
  say(`   ${paint('cyan', `$ ${command}`)}`);
}

/** Something that was checked and is so. */
export function tellProof(line: string): void {
  say(`   ${paint('green', '✓')} ${line}`);
}

/** Lines that another program printed. */
export function quote(lines: readonly string[]): void {
  for (const line of lines) say(`   ${paint('dim', '│')} ${line}`);
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 100;
const plainSignMs = 20_000;

/** Does something that takes its time, with a sign of progress: a spinner, or a line now and then where there is no terminal. */
export async function during<T>(what: string, work: Promise<T>): Promise<T> {
  const startMs = performance.now();
  const seconds = (): string => ((performance.now() - startMs) / 1000).toFixed(isTerminal ? 0 : 1);
  let turn = 0;
  const sign = (): void => {
    const frame = frames[turn++ % frames.length] ?? '';
    if (isTerminal) process.stdout.write(`\r\u001B[2K   ${paint('dim', `${frame} ${what} ${seconds()} s`)}`);
    else say(`   ... ${what} (${seconds()} s so far)`);
  };
  const timer = setInterval(sign, isTerminal ? frameMs : plainSignMs);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (isTerminal) process.stdout.write('\r\u001B[2K');
  }
}

/** Columns as wide as their widest cell; a cell of numbers stands to the right. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const render = (row: readonly string[]): string =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        return /^(?:-?\d+|-)$/.test(cell) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [paint('dim', render(head)), ...rows.map(render)];
}
