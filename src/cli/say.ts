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
