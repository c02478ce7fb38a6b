import { setTimeout as pause } from 'node:timers/promises';

import { eventually } from '../../support/eventually.ts';
import { LoadClient } from '../../traffic/load/load-client.ts';
import { nowMs } from '../../traffic/load/sent-request.ts';
import { hostnameOf } from '../../traffic/moments.ts';
import type { BenchStack } from './bench-stack.ts';
import { readTurns } from './turns.ts';

export const burstRate = 300;

/** What a burst of joins came to. */
export interface Burst {
  /** 0 where nothing reloads. */
  readonly reloads: number;
  /** From the first start to the last. */
  readonly startingMs: number;
  /** From the last start of all until all had answered. */
  readonly lastServedMs: number;
  /** From a member's start to its first answer. */
  readonly firstAnswersMs: readonly number[];
  readonly failed: number;
  readonly requests: number;
}

/** Under load, has many more members be started at once. Throws where one of them does not answer within half a minute. */
export async function scaleUp(stack: BenchStack, to: number): Promise<Burst> {
  const plan = {
    port: stack.port,
    ratePerSecond: burstRate,
    timeoutMs: 10_000,
    longestMs: 120_000,
    mostInFlight: 2000,
  };
  const client = await LoadClient.start(plan);
  const sinceMs = nowMs();
  try {
    await pause(1000);
    await stack.scale(to);
    const ids = await stack.members();
    const awaitAll = (): void => {
      const answered = new Set(client.sent.flatMap(({ answer }) => (answer.kind === 'app' ? [answer.hostname] : [])));
      const missing = ids.filter((id) => !answered.has(hostnameOf(id)));
      if (ids.length < to || missing.length > 0) throw new Error(`${String(missing.length)} have not answered`);
    };
    await eventually('an answer of each member', awaitAll, { withinMs: 30_000 });
    await pause(1000);
  } finally {
    await client.stop();
  }
  const moments = await stack.readMoments(sinceMs);
  const joined = [...new Set(moments.filter(({ kind }) => kind === 'joins').map(({ hostname }) => hostname))];
  const turns = joined.flatMap((hostname) => readTurns(hostname, moments, client.sent));
  const starts = turns.map(({ atMs }) => atMs);
  const lastStartMs = Math.max(...starts);
  return {
    reloads: await stack.countReloads(sinceMs),
    startingMs: lastStartMs - Math.min(...starts),
    lastServedMs: Math.max(...turns.map(({ atMs, firstAnswerMs = Number.NaN }) => atMs + firstAnswerMs)) - lastStartMs,
    firstAnswersMs: turns.flatMap(({ firstAnswerMs }) => firstAnswerMs ?? []),
    failed: client.sent.filter(({ answer }) => answer.kind === 'failure').length,
    requests: client.sent.length,
  };
}
