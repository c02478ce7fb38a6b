import type { TimelineEvent } from './status-document.ts';

/** One thing that is told to people, before it is a line of the log or of the timeline. */
export interface Told {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** Always the same words for the same thing. */
  readonly message: string;
  /** What it is about, as keys; one that is called `line` is a sentence made of them. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Where it belongs into the timeline. */
  readonly event?: Omit<TimelineEvent, 'id' | 'at' | 'text'>;
}
