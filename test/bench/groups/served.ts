import { setTimeout as pause } from 'node:timers/promises';

import type { Stage } from '../../../src/loop/stopwatch.ts';
import { LoadClient } from '../../traffic/load/load-client.ts';
import { nowMs } from '../../traffic/load/sent-request.ts';
import { hostnameOf } from '../../traffic/moments.ts';
import { atMost, round } from '../group.ts';
import type { Aim, Bench, Finding, Group, Table } from '../group.ts';
import { median, quantile } from '../samples.ts';
import { apiOnly, bare, BenchStack, shipped } from '../stack/bench-stack.ts';
import type { StackKind } from '../stack/bench-stack.ts';
import { findPass } from '../stack/passes.ts';
import { readTurns } from '../stack/turns.ts';

const ratePerSecond = 200;
const members = 3;
/** Longer than the gap between reloads, so that what comes next is acted on at once. */
const settleMs = 900;

/** What happens to a member, and what the engine and the log call it. */
const happenings = [
  { kind: 'joins', reason: 'start', seen: 'first answer of the new member', title: 'A member starts' },
  {
    kind: 'leaves',
    reason: 'stop signal',
    seen: 'last request sent to the leaving member',
    title: 'A member is told to stop',
  },
] as const;

type Happening = (typeof happenings)[number];

/** What a row of a table is about. */
const rows: readonly { readonly stage: Stage; readonly says: string; readonly whose: string }[] = [
  { stage: 'received', says: 'the controller has read the event', whose: 'engine' },
  { stage: 'begun', says: 'a pass begins', whose: 'lbwatch' },
  { stage: 'inspected', says: 'the container is looked at', whose: 'engine' },
  { stage: 'rendered', says: 'checked, decided, rendered', whose: 'lbwatch, app' },
  { stage: 'written', says: 'written', whose: 'lbwatch, disk' },
  { stage: 'validated', says: 'tested (nginx -t)', whose: 'nginx' },
  { stage: 'signalled', says: 'reload signal sent', whose: 'lbwatch' },
  { stage: 'handedOver', says: 'new workers accept, old ones told to quit', whose: 'nginx' },
  { stage: 'acknowledged', says: 'acknowledged', whose: 'lbwatch, nginx' },
];

interface Sample {
  readonly happening: Happening;
  readonly stages: Readonly<Partial<Record<Stage, number>>>;
  readonly seenMs: number;
}

interface Result {
  readonly kind: StackKind;
  readonly samples: readonly Sample[];
  readonly failed: number;
  readonly requests: number;
}

export const served: Group = {
  name: 'served',
  title: 'From the event to nginx',
  isQuick: true,
  run: async (bench): Promise<Finding> => {
    const results: Result[] = [];
    for (const kind of [bare, shipped, apiOnly]) results.push(await measure(kind, bench));
    return {
      tables: [renderSeen(results), ...results.filter(({ kind }) => kind !== bare).flatMap(renderStages)],
      aims: listAims(results),
      notes: [
        ...[shipped, apiOnly, bare].map(({ name, is }) => `${name}: ${is}.`),
        `The event is the engine's own timeNano. ${String(ratePerSecond)} requests a second from clients with and without keep-alive; ${String(members)} members, one of which is told to stop (it goes on answering), killed, and started again. A first answer cannot come before the app listens, and is counted by a request every ${String(1000 / ratePerSecond)} ms.`,
        'The stages are those that lbwatch logs at debug level (`stages`).',
      ],
    };
  },
};

async function measure(kind: StackKind, bench: Bench): Promise<Result> {
  bench.interrupted.throwIfAborted();
  const stack = await BenchStack.start(kind, members);
  try {
    const repeats = bench.isQuick ? 4 : 15;
    const [id = ''] = await stack.members();
    const client = await LoadClient.start({
      port: stack.port,
      ratePerSecond,
      timeoutMs: 10_000,
      longestMs: 300_000,
      mostInFlight: 2000,
    });
    const sinceMs = nowMs();
    try {
      for (let turn = 0; turn < repeats; turn++) {
        bench.interrupted.throwIfAborted();
        await pause(settleMs);
        await stack.signal(id, 'SIGTERM');
        await pause(settleMs);
        await stack.signal(id, 'SIGKILL');
        await pause(settleMs);
        await stack.startAgain(id);
      }
      await pause(settleMs);
    } finally {
      await client.stop();
    }
    const samples = await collect(stack, id, sinceMs, client);
    const failed = client.sent.filter(({ answer }) => answer.kind === 'failure').length;
    const result = { kind, samples, failed, requests: client.sent.length };
    for (const happening of happenings) {
      bench.tell(`${kind.name}: ${happening.seen}: ${round(seenOf(result, happening).at(0) ?? NaN)} ms`);
    }
    return result;
  } finally {
    await stack.end();
  }
}

async function collect(stack: BenchStack, id: string, sinceMs: number, client: LoadClient): Promise<readonly Sample[]> {
  const turns = readTurns(hostnameOf(id), await stack.readMoments(sinceMs), client.sent);
  const passes = await stack.readPasses();
  return turns.flatMap(({ kind, atMs, untilMs, seenMs }) => {
    const happening = happenings.find((one) => one.kind === kind);
    if (happening === undefined || seenMs === undefined) return [];
    return [{ happening, seenMs, stages: findPass(passes, happening.reason, atMs, untilMs)?.stages ?? {} }];
  });
}

/** Median and 95th percentile of what clients saw. */
function seenOf({ samples }: Result, happening: Happening): readonly [number, number] {
  const values = samples.filter((sample) => sample.happening === happening).map(({ seenMs }) => seenMs);
  return [median(values), quantile(values, 0.95)];
}

function renderSeen(results: readonly Result[]): Table {
  const yardstick = results.find(({ kind }) => kind === bare);
  return {
    title: 'What clients see (ms after the event)',
    head: ['', ...happenings.flatMap(({ seen }) => [`${seen}: p50`, 'p95', 'times bare']), 'failed'],
    rows: results.map((result) => [
      result.kind.name,
      ...happenings.flatMap((happening) => {
        const [p50, p95] = seenOf(result, happening);
        const base = yardstick === undefined ? Number.NaN : seenOf(yardstick, happening)[0];
        return [round(p50), round(p95), round(p50 / base)];
      }),
      `${String(result.failed)} of ${String(result.requests)}`,
    ]),
  };
}

function renderStages({ kind, samples }: Result): readonly Table[] {
  return happenings.map((happening) => {
    const own = samples.filter((sample) => sample.happening === happening);
    const whole = median(own.flatMap(({ stages }) => stages.acknowledged ?? []));
    return {
      title: `${kind.name}: ${happening.title.toLowerCase()} (ms; ${String(own.length)} times)`,
      head: ['stage', 'whose', 'after the event: p50', 'p95', 'this stage: p50', 'p95', 'share'],
      rows: rows.map(({ stage, says, whose }, index) => {
        const times = own.flatMap(({ stages }) => stages[stage] ?? []);
        const before = rows[index - 1]?.stage;
        const steps = own.flatMap(({ stages }) => {
          const at = stages[stage];
          const from = before === undefined ? 0 : stages[before];
          return at === undefined || from === undefined ? [] : [at - from];
        });
        const share = `${round((100 * median(steps)) / whole)} %`;
        return [says, whose, ...[times, steps].flatMap((ms) => [round(median(ms)), round(quantile(ms, 0.95))]), share];
      }),
    };
  });
}

function listAims(results: readonly Result[]): readonly Aim[] {
  const limits = new Map([
    [shipped, { joins: 60, leaves: 20 }],
    [apiOnly, { joins: 160, leaves: 130 }],
  ]);
  return results.flatMap((result) => {
    const limit = limits.get(result.kind);
    if (limit === undefined) return [];
    return happenings.map((happening) =>
      atMost(`${result.kind.name}: ${happening.seen}, p50`, seenOf(result, happening)[0], limit[happening.kind], 'ms'),
    );
  });
}
