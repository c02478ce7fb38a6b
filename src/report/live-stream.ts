import type { ServerResponse } from 'node:http';

import { printableJson } from '../core/printable.ts';
import type { Clock } from '../loop/ports.ts';
import type { StatusBoard } from './status-board.ts';
import type { StatusText } from './status-text.ts';
import type { Timeline } from './timeline.ts';

/** So many may listen at once. */
export const mostListeners = 32;
/** The document comes four times a second at most. */
const pauseMs = 250;
/** Its making takes this part of the time at most, however large it is. */
const share = 20;
/** A comment now and then keeps proxies from ending a quiet stream, and finds out who is gone. */
const beatMs = 15_000;

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): `status`, the whole document, at once
 * and after changes; `timeline`, one event each.
 *
 * What is sent is always the present: a listener that reads slowly misses documents, and gets the events that are still kept
 * when it reads on. So no more than one document waits for each; who reads nothing between two beats is dropped.
 */
export class LiveStream {
  readonly #text: StatusText;
  readonly #timeline: Timeline;
  readonly #clock: Clock;
  readonly #listeners = new Set<Listener>();
  readonly #ends: (() => void)[];
  #cancelBeat: () => void;
  #cancelStatus: (() => void) | undefined;
  /** When a document may be sent again. */
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(board: Pick<StatusBoard, 'onChange'>, text: StatusText, timeline: Timeline, clock: Clock) {
    this.#text = text;
    this.#timeline = timeline;
    this.#clock = clock;
    const onEvent = (): void => {
      for (const listener of this.#listeners) listener.send();
    };
    const onChange = (): void => {
      this.#planStatus();
    };
    this.#ends = [timeline.onEvent(onEvent), board.onChange(onChange)];
    this.#cancelBeat = this.#planBeat();
  }

  /** How many listen. */
  get size(): number {
    return this.#listeners.size;
  }

  /**
   * Sends from now on, until the other side hangs up.
   *
   * @param after the last event that the listener knows; those after it come first
   */
  add(response: ServerResponse, after: number): void {
    const listener = new Listener(response, this.#timeline, after);
    this.#listeners.add(listener);
    response.on('close', () => {
      this.#listeners.delete(listener);
    });
    listener.begin(this.#text.read());
  }

  /** Ends every stream. */
  close(): void {
    for (const end of this.#ends) end();
    this.#cancelBeat();
    this.#cancelStatus?.();
    for (const listener of this.#listeners) listener.end();
  }

  #planStatus(): void {
    if (this.#listeners.size === 0 || this.#cancelStatus !== undefined) return;
    const waitMs = Math.max(0, this.#notBeforeMs - this.#clock.nowMs());
    this.#cancelStatus = this.#clock.after(waitMs, () => {
      this.#cancelStatus = undefined;
      const text = this.#text.read();
      this.#notBeforeMs = this.#clock.nowMs() + Math.max(pauseMs, share * this.#text.tookMs);
      for (const listener of this.#listeners) listener.offer(text);
    });
  }

  #planBeat(): () => void {
    return this.#clock.after(beatMs, () => {
      for (const listener of this.#listeners) listener.beat();
      this.#cancelBeat = this.#planBeat();
    });
  }
}

/** One who listens, and what it has been sent. */
class Listener {
  readonly #response: ServerResponse;
  readonly #timeline: Timeline;
  #lastId: number;
  /** The newest document, while it has not been sent. */
  #text: Buffer | undefined;
  /** What was written waits to be read. */
  #isFull = false;
  #isLate = false;

  constructor(response: ServerResponse, timeline: Timeline, after: number) {
    this.#response = response;
    this.#timeline = timeline;
    this.#lastId = after;
    response.on('drain', () => {
      this.#isFull = false;
      this.#isLate = false;
      this.send();
    });
  }

  /** How things are is wanted first, what has happened after that. */
  begin(text: Buffer): void {
    this.#writeStatus(text);
    this.send();
  }

  offer(text: Buffer): void {
    this.#text = text;
    this.send();
  }

  /** Writes what is due, as far as it is read. */
  send(): void {
    if (this.#isFull) return;
    for (const event of this.#timeline.after(this.#lastId)) {
      this.#lastId = event.id;
      const data = printableJson(JSON.stringify(event));
      if (!this.#write(`id: ${String(event.id)}\nevent: timeline\ndata: ${data}\n\n`)) return;
    }
    if (this.#text !== undefined) this.#writeStatus(this.#text);
    this.#text = undefined;
  }

  beat(): void {
    if (this.#isLate) this.#response.destroy();
    else if (this.#isFull) this.#isLate = true;
    else this.#write(': still here\n\n');
  }

  end(): void {
    this.#response.end();
  }

  /** In parts, since the bytes of the document are shared. */
  #writeStatus(text: Buffer): void {
    this.#write('event: status\ndata: ');
    this.#write(text);
    this.#write('\n\n');
  }

  /** Answers whether there is room for more. */
  #write(chunk: string | Buffer): boolean {
    if (!this.#response.write(chunk)) this.#isFull = true;
    return !this.#isFull;
  }
}
