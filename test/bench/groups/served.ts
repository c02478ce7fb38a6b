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
import { findStages } from '../stack/passes.ts';
import type { Pass } from '../stack/passes.ts';
import { readTurns } from '../stack/turns.ts';
import type { Turn } from '../stack/turns.ts';

const ratePerSecond = 200;
const members = 3;
/** Longer than the gap between reloads, so that what comes next is acted on at once. */
const settleMs = 900;

/** What happens to a member, and which events the log names for it. */
const happenings = [
  { kind: 'joins', about: ['start', 'check passed'], title: 'a member starts' },
  { kind: 'leaves', about: ['stop signal'], title: 'a member is told to stop' },
] as const;

/** What clients notice of it, in milliseconds after the event. */
const sights: readonly { readonly title: string; readonly read: (turn: Turn) => number | undefined }[] = [
  { title: 'first answer of the new member', read: ({ firstAnswerMs }) => firstAnswerMs },
  { title: 'last new connection to the leaving member', read: ({ lastSentMs }) => lastSentMs['one-shot'] },
  { title: 'last request on a kept connection', read: ({ lastSentMs }) => lastSentMs['keep-alive'] },
];

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
  readonly turn: Turn;
  readonly stages: Pass['stages'];
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
        'A kept connection of a client is closed by nginx at a reload, but spared for a moment where it is in use (keepalive_min_timeout): its next request may still be answered by an old worker, with the old list. The bare controller spares nobody, and its failures are the price.',
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
    for (const sight of sights) bench.tell(`${kind.name}: ${sight.title}: ${round(seenOf(result, sight)[0])} ms`);
    return result;
  } finally {
    await stack.end();
  }
}

async function collect(stack: BenchStack, id: string, sinceMs: number, client: LoadClient): Promise<readonly Sample[]> {
  const turns = readTurns(hostnameOf(id), await stack.readMoments(sinceMs), client.sent);
  const passes = await stack.readPasses();
  return turns.flatMap((turn) => {
    const happening = happenings.find(({ kind }) => kind === turn.kind);
    if (happening === undefined) return [];
    const { atMs: fromMs, untilMs } = turn;
    return [{ turn, stages: findStages(passes, happening.about, { fromMs, untilMs }) }];
  });
}

/** Median and 95th percentile of what clients saw. */
function seenOf({ samples }: Result, { read }: (typeof sights)[number]): readonly [number, number] {
  const values = samples.flatMap(({ turn }) => read(turn) ?? []);
  return [median(values), quantile(values, 0.95)];
}

function renderSeen(results: readonly Result[]): Table {
  const yardstick = results.find(({ kind }) => kind === bare);
  return {
    title: 'What clients see (ms after the event)',
    head: ['', ...sights.flatMap(({ title }) => [`${title}: p50`, 'p95', 'beyond bare']), 'failed'],
    rows: results.map((result) => [
      result.kind.name,
      ...sights.flatMap((sight) => {
        const [p50, p95] = seenOf(result, sight);
        return [round(p50), round(p95), round(yardstick === undefined ? NaN : p50 - seenOf(yardstick, sight)[0])];
      }),
      `${String(result.failed)} of ${String(result.requests)}`,
    ]),
  };
}

function renderStages({ kind, samples }: Result): readonly Table[] {
  return happenings.map((happening) => {
    const own = samples.filter(({ turn, stages }) => turn.kind === happening.kind && stages.acknowledged !== undefined);
    const whole = median(own.flatMap(({ stages }) => stages.acknowledged ?? []));
    return {
      title: `${kind.name}: ${happening.title} (ms; ${String(own.length)} times)`,
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
    [shipped, [60, 20]],
    [apiOnly, [160, 130]],
  ]);
  return results.flatMap((result) =>
    (limits.get(result.kind) ?? []).flatMap((limit, index) => {
      const sight = sights[index];
      return sight === undefined
        ? []
        : [atMost(`${result.kind.name}: ${sight.title}, p50`, seenOf(result, sight)[0], limit, 'ms')];
    }),
  );
}
