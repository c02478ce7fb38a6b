import type { Stage } from '../../../src/loop/stopwatch.ts';
import { atMost, round } from '../group.ts';
import type { Aim, Bench, Finding, Group, Table } from '../group.ts';
import { median, quantile } from '../samples.ts';
import { apiOnly, bare, BenchStack, shipped } from '../stack/bench-stack.ts';
import type { StackKind } from '../stack/bench-stack.ts';
import { findStages } from '../stack/passes.ts';
import type { Pass } from '../stack/passes.ts';
import { live, liveRate } from '../stack/live.ts';
import type { Life } from '../stack/live.ts';
import { sights, summarize } from '../stack/sights.ts';
import type { Turn } from '../stack/turns.ts';

const members = 3;

/** What happens to a member. */
const happenings = [
  { kind: 'joins', title: 'a member starts' },
  { kind: 'leaves', title: 'a member is told to stop' },
] as const;

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
  readonly life: Life;
  readonly samples: readonly Sample[];
}

export const served: Group = {
  name: 'served',
  title: 'From the event to nginx',
  isQuick: true,
  run: async (bench): Promise<Finding> => {
    const kinds = [bare, shipped, apiOnly];
    const parts: Result[] = [];
    // In turns: what else the machine does then hits all of them alike.
    for (let round = 0; round < (bench.isQuick ? 1 : 2); round++) {
      for (const kind of kinds) parts.push(await measure(kind, bench));
    }
    const results = kinds.map((kind) =>
      join(
        parts.filter((part) => part.kind === kind),
        kind,
      ),
    );
    return {
      tables: [renderSeen(results), ...results.filter(({ kind }) => kind !== bare).flatMap(renderStages)],
      aims: listAims(results),
      notes: [
        ...[shipped, apiOnly, bare].map(({ name, is }) => `${name}: ${is}.`),
        `The event is the engine's own timeNano. ${String(liveRate)} requests a second from clients with and without keep-alive; ${String(members)} members, one of which is told to stop (it goes on answering), killed, and started again. A first answer cannot come before the app listens, and is counted by a request every ${String(1000 / liveRate)} ms.`,
        'A kept connection of a client is closed by nginx at a reload, but spared for a moment where it is in use (keepalive_min_timeout): its next request may still be answered by an old worker, with the old list. The bare controller spares nobody, and its failures are the price.',
        'The stages are those that lbwatch logs at debug level (`stages`). What else happens on the engine is looked at as well, and may be in the way of a pass.',
      ],
    };
  },
};

async function measure(kind: StackKind, bench: Bench): Promise<Result> {
  bench.interrupted.throwIfAborted();
  const stack = await BenchStack.start(kind, members);
  try {
    const life = await live(stack, bench.isQuick ? 4 : 8, bench.interrupted);
    const passes = await stack.readPasses();
    const samples = life.turns.map((turn): Sample => {
      const { atMs: fromMs, untilMs } = turn;
      return { turn, stages: findStages(passes, { fromMs, untilMs }) };
    });
    for (const sight of sights)
      bench.tell(`${kind.name}: ${sight.title}: ${round(summarize(life.turns, sight)[0])} ms`);
    return { kind, life, samples };
  } finally {
    await stack.end();
  }
}

function join(parts: readonly Result[], kind: StackKind): Result {
  const lives = parts.map(({ life }) => life);
  return {
    kind,
    life: {
      turns: lives.flatMap(({ turns }) => turns),
      failed: lives.reduce((sum, { failed }) => sum + failed, 0),
      requests: lives.reduce((sum, { requests }) => sum + requests, 0),
    },
    samples: parts.flatMap(({ samples }) => samples),
  };
}

function renderSeen(results: readonly Result[]): Table {
  const yardstick = results.find(({ kind }) => kind === bare);
  return {
    title: 'What clients see (ms after the event)',
    head: ['', ...sights.flatMap(({ title }) => [`${title}: p50`, 'p95', 'beyond bare']), 'failed'],
    rows: results.map((result) => [
      result.kind.name,
      ...sights.flatMap((sight) => {
        const [p50, p95] = summarize(result.life.turns, sight);
        return [
          round(p50),
          round(p95),
          round(yardstick === undefined ? NaN : p50 - summarize(yardstick.life.turns, sight)[0]),
        ];
      }),
      `${String(result.life.failed)} of ${String(result.life.requests)}`,
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
        : [atMost(`${result.kind.name}: ${sight.title}, p50`, summarize(result.life.turns, sight)[0], limit, 'ms')];
    }),
  );
}
