import { createParser } from 'eventsource-parser';

import { systemClock } from '../adapters/clock.ts';
import { messageOf } from '../core/error-words.ts';
import { pause } from '../loop/pause.ts';
import { statusSchema } from '../report/status-document.ts';
import type { StatusDocument } from '../report/status-document.ts';
import { parseJson, urlOf } from './ask-controller.ts';
import { chooseView } from './status-views.ts';

/** A stream says something every 15 s; one that says nothing for longer is dead. */
const silenceMs = 40_000;
const againMs = 1000;

/**
 * Shows how everything is for as long as somebody reads it, and connects again where the controller is away for a while.
 * Answers the last that was shown.
 *
 * @param first what the controller has said just now
 */
export async function watchStatus(at: string, first: StatusDocument, isJson: boolean): Promise<StatusDocument> {
  const unread = new AbortController();
  process.stdout.on('error', () => {
    unread.abort();
  });
  const view = chooseView(isJson);
  let latest = first;
  const onStatus = (document: StatusDocument): void => {
    latest = document;
    view.show(document);
  };
  view.show(first);
  const isRead = (): boolean => !unread.signal.aborted;
  while (isRead()) {
    const why = await listen(at, onStatus, unread.signal);
    if (isRead()) view.lose(`no controller answers at ${at} (${why}); asking again`);
    await pause(systemClock, againMs, unread.signal);
  }
  view.end();
  return latest;
}

/** Listens to one stream until it ends; answers why it did. */
async function listen(at: string, onStatus: (document: StatusDocument) => void, unread: AbortSignal): Promise<string> {
  const silence = new AbortController();
  const watchForSilence = (): (() => void) =>
    systemClock.after(silenceMs, () => {
      silence.abort(new Error('it is silent'));
    });
  let cancel = watchForSilence();
  const parser = createParser({
    onEvent({ event, data }) {
      if (event !== 'status') return;
      const document = statusSchema.safeParse(parseJson(data));
      if (document.success) onStatus(document.data);
      else silence.abort(new Error('it is no lbwatch of this version'));
    },
  });
  try {
    const response = await fetch(urlOf(at, '/api/stream'), { signal: AbortSignal.any([silence.signal, unread]) });
    if (!response.ok || response.body === null) return `it answers ${String(response.status)}`;
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      cancel();
      cancel = watchForSilence();
      parser.feed(text);
    }
    return 'it has ended the stream';
  } catch (error) {
    return error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error);
  } finally {
    cancel();
  }
}
