import { atMost, round } from '../group.ts';
import type { Bench, Finding, Group } from '../group.ts';
import { median } from '../samples.ts';
import { BenchStack, shipped } from '../stack/bench-stack.ts';
import { burstRate, scaleUp } from '../stack/scale-up.ts';
import type { Burst } from '../stack/scale-up.ts';

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

interface Cost extends Burst {
  readonly gap: Gap;
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
          title: `Scaled from ${String(from)} to ${String(to)} under ${String(burstRate)} requests a second, by the gap between reloads`,
          head: [
            ...['LBWATCH_QUIET', 'LBWATCH_MAX_WAIT', 'reloads', 'all started within s', 'last start to all served: s'],
            ...['start to first answer: median s', 'worst s', 'failed'],
          ],
          rows: costs.map((cost) => [
            ...[cost.gap.quiet, cost.gap.maxWait, String(cost.reloads)],
            ...[cost.startingMs, cost.lastServedMs, median(cost.firstAnswersMs), Math.max(...cost.firstAnswersMs)].map(
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
              atMost('reloads', own.reloads, 8, ''),
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
    const cost = { gap, ...(await scaleUp(stack, to)) };
    bench.tell(
      `quiet ${gap.quiet}: ${String(cost.reloads)} reloads, all served ${round(cost.lastServedMs)} ms after the last start, ${String(cost.failed)} failed`,
    );
    return cost;
  } finally {
    await stack.end();
  }
}
