/** A thread of its own for the load, so that nothing else that a run does holds it up. */
import { parentPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';

import { sendAtRate } from './send-at-rate.ts';
import type { LoadPlan } from './send-at-rate.ts';
import type { SentRequest } from './sent-request.ts';

/** What the thread tells. */
export type Told =
  | { readonly kind: 'begun' }
  | { readonly kind: 'sent'; readonly requests: readonly SentRequest[] }
  | { readonly kind: 'end' };

const tellEveryMs = 100;

async function work(plan: LoadPlan, port: MessagePort): Promise<void> {
  const stop = new AbortController();
  port.once('message', () => {
    stop.abort();
  });
  let requests: SentRequest[] = [];
  const tell = (told: Told): void => {
    port.postMessage(told);
  };
  const flush = (): void => {
    if (requests.length > 0) tell({ kind: 'sent', requests });
    requests = [];
  };
  tell({ kind: 'begun' });
  const timer = setInterval(flush, tellEveryMs);
  await sendAtRate(plan, stop.signal, (request) => {
    requests.push(request);
  });
  clearInterval(timer);
  flush();
  tell({ kind: 'end' });
}

// The plan is the first message.
if (parentPort !== null) {
  const port = parentPort;
  port.once('message', (plan: LoadPlan) => {
    // What it throws ends the thread, and is heard by whoever started it.
    void work(plan, port);
  });
}
