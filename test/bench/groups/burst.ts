import { setTimeout as pause } from 'node:timers/promises';

import { eventually } from '../../support/eventually.ts';
import { LoadClient } from '../../traffic/load/load-client.ts';
import { nowMs } from '../../traffic/load/sent-request.ts';
import { hostnameOf } from '../../traffic/moments.ts';
import { atMost, round } from '../group.ts';
import type { Bench, Finding, Group } from '../group.ts';
import { median } from '../samples.ts';
import { BenchStack, shipped } from '../stack/bench-stack.ts';
import { readTurns } from '../stack/turns.ts';

const ratePerSecond = 300;
const from = 2;
const to = 20;

/** How long joins wait for each other. */
interface Gap {
  readonly quiet: string;
  readonly maxWait: string;
}

/** As shipped, and what it could be instead. */
const standard: Gap = { quiet: '500ms', maxWait: '1s' };
const others: readonly Gap[] = [
  { quiet: '100ms', maxWait: '200ms' },
  { quiet: '250ms', maxWait: '500ms' },
  { quiet: '1s', maxWait: '2s' },
];

interface Cost {
  readonly gap: Gap;
  readonly reloads: number;
  /** From the first start to the last. */
  readonly burstMs: number;
  /** From the last start of all until all had answered. */
  readonly lastServedMs: number;
  /** From a member's start to its first answer. */
  readonly firstAnswersMs: readonly number[];
  readonly failed: number;
  readonly requests: number;
}

export const burst: Group = {
  name: 'burst',
  title: `From ${String(from)} to ${String(to)} at once`,
  isQuick: false,
  run: async (bench): Promise<Finding> => {
    const costs: Cost[] = [];
    for (const gap of bench.isQuick ? [standard] : [standard, ...others]) costs.push(await measure(gap, bench));
    const [own] = costs;
    return {
      tables: [
        {
          title: `Scaled from ${String(from)} to ${String(to)} under ${String(ratePerSecond)} requests a second, by the gap between reloads`,
          head: [
            ...['LBWATCH_QUIET', 'LBWATCH_MAX_WAIT', 'reloads', 'all started within s', 'last start to all served: s'],
            ...['start to first answer: median s', 'worst s', 'failed'],
          ],
          rows: costs.map((cost) => [
            ...[cost.gap.quiet, cost.gap.maxWait, String(cost.reloads)],
            ...[cost.burstMs, cost.lastServedMs, median(cost.firstAnswersMs), Math.max(...cost.firstAnswersMs)].map(
              (ms) => round(ms / 1000),
            ),
            `${String(cost.failed)} of ${String(cost.requests)}`,
          ]),
        },
      ],
      aims:
        own === undefined
          ? []
          : [
              atMost('reloads', own.reloads, 8, '', 'count'),
              atMost('last start to all served', own.lastServedMs, 1000, 'ms'),
              atMost('failed requests', own.failed, 0, '', 'count'),
            ],
      notes: [
        'The first line is the default. How long the engine takes to start 18 containers decides how many reloads there are: a slow one spreads the starts over more gaps.',
      ],
    };
  },
};

async function measure(gap: Gap, bench: Bench): Promise<Cost> {
  bench.interrupted.throwIfAborted();
  const settings = { LBWATCH_QUIET: gap.quiet, LBWATCH_MAX_WAIT: gap.maxWait };
  const stack = await BenchStack.start(shipped, from, settings);
  try {
    const plan = { port: stack.port, ratePerSecond, timeoutMs: 10_000, longestMs: 120_000, mostInFlight: 2000 };
    const client = await LoadClient.start(plan);
    const sinceMs = nowMs();
    try {
      await pause(1000);
      await stack.scale(to);
      const ids = await stack.members();
      await eventually('an answer of each member', () => awaitAll(client, ids), { withinMs: 30_000 });
      await pause(1000);
    } finally {
      await client.stop();
    }
    const moments = await stack.readMoments(sinceMs);
    const joined = [...new Set(moments.filter(({ kind }) => kind === 'joins').map(({ hostname }) => hostname))];
    const turns = joined.flatMap((hostname) => readTurns(hostname, moments, client.sent));
    const starts = turns.map(({ atMs }) => atMs);
    const firstAnswersMs = turns.flatMap(({ firstAnswerMs }) => firstAnswerMs ?? []);
    const firsts = turns.map(({ atMs, firstAnswerMs = Number.NaN }) => atMs + firstAnswerMs);
    const lastStartMs = Math.max(...starts);
    const cost: Cost = {
      gap,
      reloads: await stack.countReloads(sinceMs),
      burstMs: lastStartMs - Math.min(...starts),
      lastServedMs: Math.max(...firsts) - lastStartMs,
      firstAnswersMs,
      failed: client.sent.filter(({ answer }) => answer.kind === 'failure').length,
      requests: client.sent.length,
    };
    bench.tell(
      `quiet ${gap.quiet}: ${String(cost.reloads)} reloads, all served ${round(cost.lastServedMs)} ms after the last start, ${String(cost.failed)} failed`,
    );
    return cost;
  } finally {
    await stack.end();
  }
}

function awaitAll(client: LoadClient, ids: readonly string[]): void {
  const answered = new Set(client.sent.flatMap(({ answer }) => (answer.kind === 'app' ? [answer.hostname] : [])));
  const missing = ids.filter((id) => !answered.has(hostnameOf(id)));
  if (ids.length < to || missing.length > 0) throw new Error(`${String(missing.length)} have not answered`);
}
