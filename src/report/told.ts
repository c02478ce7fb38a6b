import type { DetailsOf, LevelOf, Message } from './messages.ts';
import type { TimelineEvent } from './status-document.ts';

/** One thing that is told to people, before it is a line of the log or of the timeline: a message of the list, in its form. */
export type Told = {
  [M in Message]: {
    readonly level: LevelOf<M>;
    readonly message: M;
    readonly details?: DetailsOf<M>;
    /** Where it belongs into the timeline. */
    readonly event?: Omit<TimelineEvent, 'id' | 'at' | 'text'>;
  };
}[Message];
