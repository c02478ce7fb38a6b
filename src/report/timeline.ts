import type { Clock } from '../loop/ports.ts';
import { renderLine } from './line.ts';
import type { TimelineEvent } from './status-document.ts';
import type { Told } from './told.ts';

/** So many events are kept. */
export const mostEvents = 500;

/** The last of what the log has told, for those who look later or from elsewhere. */
export class Timeline {
  readonly #clock: Clock;
  readonly #events: TimelineEvent[] = [];
  readonly #callbacks = new Set<() => void>();
  #nextId: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    // Ids go on rising when the controller is started anew: it tells less than one event a millisecond.
    this.#nextId = clock.unixMs();
  }

  /** Takes note of what is told, where it is an event. */
  note({ message, details, event }: Told): void {
    if (event === undefined) return;
    // A stack is for the log alone.
    const [text = ''] = renderLine({ ...details, msg: message }).split('\n', 1);
    const at = new Date(this.#clock.unixMs()).toISOString();
    this.#events.push({ id: this.#nextId, at, ...event, text });
    this.#nextId += 1;
    if (this.#events.length > mostEvents) this.#events.shift();
    for (const callback of [...this.#callbacks]) callback();
  }

  /** Those that came after one, oldest first, as far as they are kept; all where no event of this id was told yet. */
  after(id: number): readonly TimelineEvent[] {
    if (id >= this.#nextId) return [...this.#events];
    const index = this.#events.findIndex((event) => event.id > id);
    return index === -1 ? [] : this.#events.slice(index);
  }

  /** Calls back after each event; answers a function that ends it. */
  onEvent(callback: () => void): () => void {
    this.#callbacks.add(callback);
    return () => {
      this.#callbacks.delete(callback);
    };
  }
}
