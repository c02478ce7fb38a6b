import { round } from '../group.ts';
import type { Bench, Finding, Group } from '../group.ts';
import { median } from '../samples.ts';
import { BenchStack, peers, shipped } from '../stack/bench-stack.ts';
import type { StackKind } from '../stack/bench-stack.ts';
import { live, liveRate } from '../stack/live.ts';
import type { Life } from '../stack/live.ts';
import { burstRate, scaleUp } from '../stack/scale-up.ts';
import type { Burst } from '../stack/scale-up.ts';
import { sights, summarize } from '../stack/sights.ts';

const members = 3;
const to = 20;

interface Result {
  readonly kind: StackKind;
  readonly life: Life;
  readonly burst: Burst;
}

export const beside: Group = {
  name: 'beside',
  title: 'Beside others',
  isQuick: false,
  run: async (bench): Promise<Finding> => {
    const results: Result[] = [];
    for (const kind of [shipped, ...peers]) results.push(await measure(kind, bench));
    return {
      tables: [
        {
          title: `A member starts, and is told to stop (ms after the event, ${String(liveRate)} requests a second)`,
          head: ['', ...sights.flatMap(({ title }) => [`${title}: p50`, 'p95']), 'failed'],
          rows: results.map(({ kind, life }) => [
            kind.name,
            ...sights.flatMap((sight) => summarize(life.turns, sight).map(round)),
            `${String(life.failed)} of ${String(life.requests)}`,
          ]),
        },
        {
          title: `From ${String(members)} to ${String(to)} at once (${String(burstRate)} requests a second)`,
          head: ['', 'last start to all served: s', 'start to first answer: median s', 'worst s', 'reloads', 'failed'],
          rows: results.map(({ kind, burst: { lastServedMs, firstAnswersMs, reloads, failed, requests } }) => [
            kind.name,
            ...[lastServedMs, median(firstAnswersMs), Math.max(...firstAnswersMs)].map((ms) => round(ms / 1000)),
            String(reloads),
            `${String(failed)} of ${String(requests)}`,
          ]),
        },
      ],
      aims: [],
      notes: [
        ...[shipped, ...peers].map(({ name, is }) => `${name}: ${is}.`),
        'The same apps, the same client, one after the other. A member that is told to stop goes on answering for 0.9 s and is killed then: who learns of members by DNS goes on sending until it is gone from there.',
        'It comes back with the address that it had: who has not forgotten that meanwhile is quick to find it again. The second table is about members that are new.',
      ],
    };
  },
};

async function measure(kind: StackKind, bench: Bench): Promise<Result> {
  bench.interrupted.throwIfAborted();
  const stack = await BenchStack.start(kind, members);
  try {
    const life = await live(stack, bench.isQuick ? 2 : 8, bench.interrupted);
    const burst = await scaleUp(stack, to);
    for (const sight of sights)
      bench.tell(`${kind.name}: ${sight.title}: ${round(summarize(life.turns, sight)[0])} ms`);
    return { kind, life, burst };
  } finally {
    await stack.end();
  }
}
