import { setTimeout as pause } from 'node:timers/promises';

import { LoadClient } from '../../traffic/load/load-client.ts';
import { nowMs } from '../../traffic/load/sent-request.ts';
import { hostnameOf } from '../../traffic/moments.ts';
import type { BenchStack } from './bench-stack.ts';
import { readTurns } from './turns.ts';
import type { Turn } from './turns.ts';

/** Requests a second, of clients with and without keep-alive. */
export const liveRate = 200;
/** Longer than the gap between reloads, so that what comes next is acted on at once. */
const settleMs = 900;

/** What clients noticed. */
export interface Life {
  readonly turns: readonly Turn[];
  readonly failed: number;
  readonly requests: number;
}

/** Under load, has one member again and again be told to stop (it goes on answering), killed, and started again. */
export async function live(stack: BenchStack, repeats: number, interrupted: AbortSignal): Promise<Life> {
  const [id = ''] = await stack.members();
  const plan = { port: stack.port, ratePerSecond: liveRate, timeoutMs: 10_000, longestMs: 300_000, mostInFlight: 2000 };
  const client = await LoadClient.start(plan);
  const sinceMs = nowMs();
  try {
    for (let turn = 0; turn < repeats; turn++) {
      interrupted.throwIfAborted();
      await pause(settleMs);
      await stack.signal(id, 'SIGTERM');
      await pause(settleMs);
      await stack.signal(id, 'SIGKILL');
      await pause(settleMs);
      await stack.startAgain(id);
    }
    await pause(2 * settleMs);
  } finally {
    await client.stop();
  }
  return {
    turns: readTurns(hostnameOf(id), await stack.readMoments(sinceMs), client.sent),
    failed: client.sent.filter(({ answer }) => answer.kind === 'failure').length,
    requests: client.sent.length,
  };
}
