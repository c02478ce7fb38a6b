import { messages } from '../../src/report/messages.ts';

/** Of pino: what every record has. */
const always = new Set(['level', 'time', 'msg']);
/** Pino's numbers. */
const levels: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };

const list = new Map<string, { readonly levels: readonly string[]; readonly keys: readonly string[] }>(
  Object.entries(messages),
);

/** Whether a record of the log is one of the list of messages: its words, its level and its keys. */
export function isListed(record: Readonly<Record<string, unknown>>): boolean {
  const form = list.get(String(record['msg']));
  const level = levels[Number(record['level'])];
  if (form === undefined || level === undefined || !form.levels.includes(level)) return false;
  return Object.keys(record).every((key) => always.has(key) || form.keys.includes(key));
}
