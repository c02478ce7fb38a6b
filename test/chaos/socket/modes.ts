/** How the proxy between lbwatch and the engine treats what passes. */
const modes = [
  'pass',
  /** Open connections stay open and silent for ever, also later; new ones are accepted and hear nothing until the mode ends. */
  'freeze',
  /** Everything comes late. */
  'slow',
  /** Requests are answered 500; streams that are open stay. */
  'fail',
  /** Accepted, and closed at once. */
  'close',
  /** Nobody listens, and the socket is not there. */
  'gone',
  /** Events are swallowed. */
  'drop events',
  /** Each event comes several times. */
  'repeat events',
  /** Each event comes many times over, each time as an event of its own. */
  'multiply events',
] as const;
export type Mode = (typeof modes)[number];

/** What the run tells the proxy's process. */
export type Order = { readonly kind: 'mode'; readonly mode: Mode } | { readonly kind: 'cut' };

/** What it answers: the order is done. `forwarded` counts the events that were passed on so far. */
export interface Done {
  readonly kind: 'done';
  readonly forwarded: number;
}

export function isOrder(value: unknown): value is Order {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  return (
    value.kind === 'cut' || (value.kind === 'mode' && 'mode' in value && modes.some((mode) => mode === value.mode))
  );
}

export function isDone(value: unknown): value is Done {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'done' && 'forwarded' in value
  );
}
