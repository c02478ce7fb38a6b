import type { TimelineEvent } from '../status-document.ts';

/** Events that come this close together are said at once. */
const gatherMs = 800;
const mostSaid = 3;

/** Tells those who hear the page what happened, a few words at a time. */
export class Announcer {
  readonly #place: Element;
  #waiting: string[] = [];

  /** @param place a live region */
  constructor(place: Element) {
    this.#place = place;
  }

  announce(event: TimelineEvent): void {
    this.say(describe(event));
  }

  say(text: string): void {
    this.#waiting.push(text);
    if (this.#waiting.length > 1) return;
    setTimeout(() => {
      const others = this.#waiting.length - mostSaid;
      const said = this.#waiting.slice(0, mostSaid);
      this.#place.textContent = [...said, ...(others > 0 ? [`and ${String(others)} more`] : [])].join('; ');
      this.#waiting = [];
    }, gatherMs);
  }
}

function describe({ kind, container, pool, text }: TimelineEvent): string {
  if (container === undefined || pool === undefined) return `${kind}: ${text}`;
  return `${container} ${kind} ${pool}`;
}
