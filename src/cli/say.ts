import { printableJson, printableLines } from '../core/printable.ts';

/**
 * The only way from a command to the terminal. Whatever was put into the text, by a label, the engine, nginx or the
 * command line, no control character, direction mark or other invisible character gets out; line feeds do.
 */
export function say(text: string): void {
  process.stdout.write(printableLines(text));
}

/** The same, on standard error: what is not the answer. */
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

/** Lines on a terminal in place of what it shows. Each is wiped as it is written, so that nothing flickers. */
export function redraw(text: string): void {
  const lines = printableLines(text).replaceAll('\n', `${wipeRest}\n`);
  process.stdout.write(`${toTop}${lines}${wipeBelow}`);
}

/** ECMA-48: CUP, EL and ED. */
const toTop = '\u001b[H';
const wipeRest = '\u001b[K';
const wipeBelow = '\u001b[J';
