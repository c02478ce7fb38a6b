import type { Answer } from '../../support/who-answers.ts';

export type Method = 'GET' | 'POST';
/** `one-shot`: a connection for each request; `keep-alive`: connections that are used again. */
export type Connection = 'one-shot' | 'keep-alive';

/** What kind of client a request comes from. */
export interface Kind {
  readonly method: Method;
  readonly connection: Connection;
}

/** The clients that send at once, in turn. */
export const kinds: readonly [Kind, ...Kind[]] = [
  { method: 'GET', connection: 'one-shot' },
  { method: 'POST', connection: 'one-shot' },
  { method: 'GET', connection: 'keep-alive' },
  { method: 'POST', connection: 'keep-alive' },
];

/** One request and how it went. Times are Unix milliseconds with fractions. */
export interface SentRequest extends Kind {
  /** When its turn was. What it took counts from here: a client that is held up by slow answers would hide them. */
  readonly scheduledMs: number;
  readonly startMs: number;
  readonly endMs: number;
  /** Who answered with status 200, or why none did. */
  readonly answer: Answer;
}

/** Now, finer than Date.now(). */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
