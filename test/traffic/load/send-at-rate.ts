import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import { send } from './send.ts';
import type { Destination } from './send.ts';
import { kinds, nowMs } from './sent-request.ts';
import type { Connection, Kind, SentRequest } from './sent-request.ts';

/** What is sent, to where, and its bounds. */
export interface LoadPlan extends Destination {
  /** Of all clients together. */
  readonly ratePerSecond: number;
  /** It ends by itself after this time. */
  readonly longestMs: number;
  /** What comes above this many open requests is not sent: it has failed. */
  readonly mostInFlight: number;
}

/**
 * Open loop: sends each request when its turn is, whatever became of those before. Resolves when the last one has its
 * answer.
 *
 * @param stop ends the sending
 * @param report hears of each request when it is over
 */
export async function sendAtRate(
  plan: LoadPlan,
  stop: AbortSignal,
  report: (request: SentRequest) => void,
): Promise<void> {
  const agents: Readonly<Record<Connection, Agent>> = {
    'one-shot': new Agent({ keepAlive: false }),
    // In turn, as of many busy clients. By Node's default some would idle for long, and any server closes those: whether
    // their client is just about to send is nobody's to know.
    'keep-alive': new Agent({ keepAlive: true, scheduling: 'fifo' }),
  };
  const startMs = nowMs();
  const inFlight = new Set<Promise<void>>();
  for (let number = 0; ; number += 1) {
    const scheduledMs = startMs + (number * 1000) / plan.ratePerSecond;
    if (scheduledMs > startMs + plan.longestMs) break;
    await waitUntil(scheduledMs, stop);
    if (stop.aborted) break;
    const kind = kinds[number % kinds.length] ?? kinds[0];
    if (inFlight.size >= plan.mostInFlight) {
      report(notSent(kind, scheduledMs, plan.mostInFlight));
      continue;
    }
    const sending = send(plan, kind, agents[kind.connection], scheduledMs).then((request) => {
      inFlight.delete(sending);
      report(request);
    });
    inFlight.add(sending);
  }
  await Promise.all(inFlight);
  for (const agent of Object.values(agents)) agent.destroy();
}

/** Returns at once for a time that has passed: what is late is sent without delay. */
async function waitUntil(timeMs: number, stop: AbortSignal): Promise<void> {
  const waitMs = timeMs - nowMs();
  if (waitMs <= 0) return;
  try {
    await pause(waitMs, undefined, { signal: stop });
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}

function notSent(kind: Kind, scheduledMs: number, mostInFlight: number): SentRequest {
  const now = nowMs();
  const why = `not sent: ${String(mostInFlight)} requests were waiting for their answers`;
  return { ...kind, scheduledMs, startMs: now, endMs: now, answer: { kind: 'failure', why } };
}
