import { styleText } from 'node:util';

import { printableJson, printableLines } from '../core/printable.ts';

/**
 * The only way from a command to the terminal. Whatever was put into the text, by a label, the engine, nginx or the
 * command line, no control character, direction mark or other invisible character gets out; line feeds do.
 */
export function say(text: string): void {
  process.stdout.write(printableLines(text));
}

/** Which part of a line is shown in a colour. */
export interface Paint {
  readonly pattern: RegExp;
  readonly colour: 'red' | 'yellow' | 'green' | 'cyan';
}

/** Lines in colours, by the first rule that fits each; plain where there is no terminal, or NO_COLOR is set. */
export function sayPainted(text: string, paints: readonly Paint[]): void {
  const lines = printableLines(text).split('\n');
  const painted = lines.map((line) => {
    const paint = paints.find(({ pattern }) => pattern.test(line));
    return paint === undefined ? line : line.replace(paint.pattern, (part) => styleText(paint.colour, part));
  });
  process.stdout.write(painted.join('\n'));
}

/** Whether standard output takes colours: a terminal without NO_COLOR, or FORCE_COLOR. */
export function takesColours(): boolean {
  return styleText('red', 'x') !== 'x';
}

/** The same as {@link say}, on standard error: what is not the answer. */
export function complain(text: string): void {
  process.stderr.write(printableLines(text));
}

/** A value as indented JSON, with the invisible escaped. */
export function sayJson(value: unknown): void {
  process.stdout.write(`${printableJson(JSON.stringify(value, null, 2))}\n`);
}

/** A value as JSON on one line. */
export function sayJsonLine(value: unknown): void {
  process.stdout.write(`${printableJson(JSON.stringify(value))}\n`);
}

/** Calls back when all that was said has been read: a process that ends cuts off what still waits in a pipe. */
export function whenAllIsRead(callback: () => void): void {
  process.stdout.write('', () => process.stderr.write('', callback));
}

// Who has stopped reading wants no more; that is no failure.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

/** Lines on a terminal in place of what it shows. Each is wiped as it is written, so that nothing flickers. */
export function redraw(text: string): void {
  const lines = printableLines(text).replaceAll('\n', `${wipeRest}\n`);
  process.stdout.write(`${toTop}${lines}${wipeBelow}`);
}

/** ECMA-48: CUP, EL and ED. */
const toTop = '\u001b[H';
const wipeRest = '\u001b[K';
const wipeBelow = '\u001b[J';
