import { printable } from '../core/printable.ts';

const notForPeople = new Set(['level', 'time', 'msg', 'err']);

/**
 * One log record as a line for a person: the message, then what it is about. Pure; `record` is pino's object.
 *
 * A record may bring its own sentence as `line`; otherwise its keys follow the message.
 */
export function renderLine(record: Readonly<Record<string, unknown>>): string {
  const message = typeof record['msg'] === 'string' ? record['msg'] : '';
  if (typeof record['line'] === 'string') return `${message}: ${record['line']}`;
  const details = Object.entries(record)
    .filter(([key, value]) => !notForPeople.has(key) && value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? printable(value, 500) : JSON.stringify(value)}`);
  const stack = stackOf(record['err']);
  return [message, ...details].join(' ') + (stack === undefined ? '' : `\n${stack}`);
}

function stackOf(error: unknown): string | undefined {
  const stack: unknown = typeof error === 'object' && error !== null && 'stack' in error ? error.stack : undefined;
  return typeof stack === 'string' ? stack : undefined;
}
