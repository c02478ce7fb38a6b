import { printable, printableJson, printableLine, printableLines } from '../core/printable.ts';

const notForPeople = new Set(['level', 'time', 'msg', 'err']);

/**
 * One log record as a line for a person: the message, then what it is about. Pure; `record` is pino's object.
 *
 * Nothing invisible is in it, and no line feed but before a stack. A record may bring its own sentence as `line`; otherwise its keys follow the message.
 */
export function renderLine(record: Readonly<Record<string, unknown>>): string {
  const message = typeof record['msg'] === 'string' ? record['msg'] : '';
  if (typeof record['line'] === 'string') return printableLine(`${message}: ${record['line']}`);
  const details = Object.entries(record)
    .filter(([key, value]) => !notForPeople.has(key) && value !== undefined)
    .map(
      ([key, value]) =>
        `${key}=${typeof value === 'string' ? printable(value, 500) : printableJson(JSON.stringify(value))}`,
    );
  const stack = stackOf(record['err']);
  return printableLine([message, ...details].join(' ')) + (stack === undefined ? '' : `\n${stack}`);
}

function stackOf(error: unknown): string | undefined {
  const stack: unknown = typeof error === 'object' && error !== null && 'stack' in error ? error.stack : undefined;
  // Indented, so that no message within begins a line that looks like another record.
  return typeof stack === 'string' ? printableLines(stack).replace(/\n(?! {4})/g, '\n    ') : undefined;
}
