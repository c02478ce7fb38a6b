import { createParser } from 'eventsource-parser';

import { printableLine } from '../../core/printable.ts';
import type { StatusDocument, TimelineEvent } from '../status-document.ts';

/** Whether the page hears lbwatch. */
export type Link =
  { readonly kind: 'connecting' } | { readonly kind: 'up' } | { readonly kind: 'lost'; readonly since: Date };

export interface Listener {
  readonly onStatus: (status: StatusDocument) => void;
  readonly onTimeline: (event: TimelineEvent) => void;
  readonly onLink: (link: Link) => void;
  /** How far lbwatch's clock is ahead of the browser's, in milliseconds, to half a second. */
  readonly onClock: (aheadMs: number) => void;
}

/** lbwatch says something at least every 15 s; a connection that is silent for longer is dead, whatever the browser thinks. */
const silenceMs = 40_000;
const shortestPauseMs = 500;
const longestPauseMs = 5_000;

/**
 * Follows `api/stream` for as long as the page is open, and connects again whenever that breaks; what happened meanwhile is
 * asked for by the last event's number. Foreign text arrives with what is invisible in it made visible.
 *
 * Not by `EventSource`: that gives up for good at the first 502 of a proxy, and cannot tell a silent connection from a dead one.
 */
export async function followStream(listener: Listener): Promise<never> {
  let lastId = 0;
  let pauseMs = shortestPauseMs;
  let since: Date | undefined;
  const heard: Listener = {
    ...listener,
    onTimeline(event) {
      lastId = Math.max(lastId, event.id);
      listener.onTimeline(event);
    },
    onLink(link) {
      pauseMs = shortestPauseMs;
      since = undefined;
      listener.onLink(link);
    },
  };
  for (;;) {
    // Why it broke helps nobody here: the page says since when, and what lbwatch's own log and the proxy's are for.
    await readOnce(lastId, heard).catch(() => undefined);
    since ??= new Date();
    listener.onLink({ kind: 'lost', since });
    await pauseOrWake(pauseMs);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

/** Resolves when the stream ends; rejects when it cannot be opened, breaks, or falls silent. */
async function readOnce(afterId: number, { onStatus, onTimeline, onLink, onClock }: Listener): Promise<void> {
  const ending = new AbortController();
  const end = (): void => {
    ending.abort();
  };
  let watchdog = setTimeout(end, silenceMs);
  try {
    const response = await fetch(`api/stream?after=${String(afterId)}`, { cache: 'no-store', signal: ending.signal });
    const type = response.headers.get('content-type') ?? '';
    if (!response.ok || !type.startsWith('text/event-stream') || response.body === null) {
      end();
      return;
    }
    const serverMs = Date.parse(response.headers.get('date') ?? '');
    if (!Number.isNaN(serverMs)) onClock(serverMs + 500 - Date.now());
    const parser = createParser({
      onEvent({ event, data }) {
        if (event === 'status') onStatus(readStatus(data));
        if (event === 'timeline') onTimeline(readEvent(data));
      },
    });
    onLink({ kind: 'up' });
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      clearTimeout(watchdog);
      watchdog = setTimeout(end, silenceMs);
      parser.feed(text);
    }
  } finally {
    clearTimeout(watchdog);
  }
}

/** Trusts the shape: the page and the stream come from the same lbwatch. */
function readStatus(json: string): StatusDocument {
  const parse: (text: string, revive: typeof makeVisible) => StatusDocument = JSON.parse;
  return parse(json, makeVisible);
}

function readEvent(json: string): TimelineEvent {
  const parse: (text: string, revive: typeof makeVisible) => TimelineEvent = JSON.parse;
  return parse(json, makeVisible);
}

/** Longer texts help nobody, and a megabyte of them in a dozen places would stop the browser. */
const longest = 1000;

function makeVisible(_key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return printableLine(value.length > longest ? `${value.slice(0, longest)}…` : value);
}

/** Ends early when the machine is on a network again, or somebody looks at the page again. */
function pauseOrWake(pauseMs: number): Promise<void> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const wake = (): void => {
      clearTimeout(timer);
      over.abort();
      resolve();
    };
    const timer = setTimeout(wake, pauseMs);
    window.addEventListener('online', wake, over);
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.visibilityState === 'visible') wake();
      },
      over,
    );
  });
}
