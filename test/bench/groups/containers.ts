import { setTimeout as pause } from 'node:timers/promises';

import { Fleet } from '../fleet.ts';
import type { FleetSize } from '../fleet.ts';
import { atMost, round } from '../group.ts';
import type { Aim, Bench, Finding, Group, Table } from '../group.ts';
import { measureRendering } from '../rendering.ts';
import { median } from '../samples.ts';
import { readCpuMs, readRssMiB } from '../usage.ts';

/** What one size costs. */
interface Cost extends FleetSize {
  readonly startUpMs: number;
  readonly rssMiB: number;
  /** Rendering all servers and writing them to disk, by the functions that the controller calls. */
  readonly renderMs: number;
  readonly leave: PerEvent;
  readonly join: PerEvent;
  /** An event that changes nothing: all that a pass is, but for what follows from a change. */
  readonly nothing: PerEvent;
  readonly resync: PerEvent;
}

/** Medians over several events. */
interface PerEvent {
  readonly calls: number;
  readonly bytes: number;
  /** Processor time of the controller. */
  readonly cpuMs: number;
  /** From the event until nginx had acknowledged it. */
  readonly tookMs: number;
}

const sizes: readonly FleetSize[] = [
  { containers: 10, pools: 1 },
  { containers: 100, pools: 10 },
  { containers: 1000, pools: 1 },
  { containers: 1000, pools: 1000 },
  { containers: 10_000, pools: 1 },
  { containers: 10_000, pools: 1000 },
];

/** Members are checked as they join, and by themselves no more: what is no part of an event must not fall into one. */
const labels = { 'lb.check': 'tcp', 'lb.check.interval': '1h' };

export const containers: Group = {
  name: 'containers',
  title: 'Many containers',
  isQuick: true,
  run: async (bench): Promise<Finding> => {
    const costs: Cost[] = [];
    for (const size of sizes.filter(({ containers: count }) => !bench.isQuick || count <= 1000)) {
      bench.interrupted.throwIfAborted();
      costs.push(await measure(size, bench));
    }
    return {
      tables: [renderCosts(costs)],
      aims: listAims(costs),
      notes: [
        'The engine is a fake on a unix socket, nginx and the controller are real processes. A leaving member is a kill, a die and a stop event; a joining one a start event and a check of its port.',
        'CPU is the controller process alone (schedstat of all its threads); the time includes nginx, which reads and tests a file of all members.',
        'Members are checked as they join and not again (lb.check.interval: 1h), so that no check falls into the time of an event by chance; what checks cost is told below. RSS is that of a controller at rest, right after its start.',
      ],
    };
  },
};

/** What a controller has cost by the time that nginx runs everything, and it is at rest. */
interface Start {
  readonly startUpMs: number;
  readonly rssMiB: number;
}

async function measure(size: FleetSize, bench: Bench): Promise<Cost> {
  const starts: Start[] = [];
  for (let turn = 1; turn < (bench.isQuick ? 1 : 3); turn++) {
    bench.interrupted.throwIfAborted();
    starts.push(await withFleet(size, (_, start) => Promise.resolve(start)));
  }
  return withFleet(size, async (fleet, start) => {
    starts.push(start);
    const leaves: PerEvent[] = [];
    const joins: PerEvent[] = [];
    const nothings: PerEvent[] = [];
    const resyncs: PerEvent[] = [];
    const repeats = bench.isQuick ? 3 : 7;
    // First: what a change leaves behind is collected when V8 sees fit.
    for (let turn = 0; turn < repeats; turn++) {
      bench.interrupted.throwIfAborted();
      nothings.push(await readCost(fleet, () => fleet.tellNothing(turn % size.containers)));
    }
    for (let turn = 0; turn < repeats; turn++) {
      bench.interrupted.throwIfAborted();
      leaves.push(await readCost(fleet, () => fleet.end(turn % size.containers)));
      joins.push(await readCost(fleet, () => fleet.startAgain(turn % size.containers)));
      resyncs.push(await readCost(fleet, () => fleet.resync()));
    }
    const cost = {
      ...size,
      startUpMs: median(starts.map(({ startUpMs }) => startUpMs)),
      rssMiB: median(starts.map(({ rssMiB }) => rssMiB)),
      renderMs: await measureRendering(size),
      leave: middle(leaves),
      join: middle(joins),
      nothing: middle(nothings),
      resync: middle(resyncs),
    };
    bench.tell(
      `${String(size.containers)} containers in ${String(size.pools)} pools: started in ${round(cost.startUpMs)} ms, RSS ${round(cost.rssMiB)} MiB, a leave ${round(cost.leave.cpuMs)} ms of CPU, a join ${round(cost.join.cpuMs)} ms`,
    );
    return cost;
  });
}

async function withFleet<T>(size: FleetSize, use: (fleet: Fleet, start: Start) => Promise<T>): Promise<T> {
  const fleet = new Fleet(size, labels);
  try {
    const startUpMs = await fleet.start();
    await settle();
    return await use(fleet, { startUpMs, rssMiB: readRssMiB(fleet.pid) });
  } finally {
    await fleet.remove();
  }
}

/** What something costs until all of it is over. */
async function readCost(fleet: Fleet, act: () => Promise<unknown>): Promise<PerEvent> {
  const before = { calls: fleet.docker.calls.length, bytes: fleet.docker.sentBytes, cpuMs: readCpuMs(fleet.pid) };
  const beginMs = performance.now();
  await act();
  const tookMs = performance.now() - beginMs;
  await settle();
  return {
    calls: fleet.docker.calls.length - before.calls,
    bytes: fleet.docker.sentBytes - before.bytes,
    cpuMs: readCpuMs(fleet.pid) - before.cpuMs,
    tookMs,
  };
}

/** Longer than the quiet window, so that the next event is acted on at once. */
function settle(): Promise<void> {
  return pause(700);
}

function middle(costs: readonly PerEvent[]): PerEvent {
  return {
    calls: median(costs.map(({ calls }) => calls)),
    bytes: median(costs.map(({ bytes }) => bytes)),
    cpuMs: median(costs.map(({ cpuMs }) => cpuMs)),
    tookMs: median(costs.map(({ tookMs }) => tookMs)),
  };
}

function renderCosts(costs: readonly Cost[]): Table {
  return {
    title: 'Per event and per resync (medians), by the size of the engine',
    head: [
      ...['containers', 'pools', 'start-up ms', 'RSS MiB', 'render + write ms'],
      ...['leave: calls', 'bytes', 'CPU ms', 'ms'],
      ...['join: calls', 'bytes', 'CPU ms', 'ms'],
      ...['nothing new: calls', 'bytes', 'CPU ms', 'ms'],
      ...['resync: calls', 'bytes', 'CPU ms', 'ms'],
    ],
    rows: costs.map((cost) => [
      ...[cost.containers, cost.pools].map(String),
      ...[cost.startUpMs, cost.rssMiB, cost.renderMs].map(round),
      ...[cost.leave, cost.join, cost.nothing, cost.resync].flatMap(({ calls, bytes, cpuMs, tookMs }) =>
        [calls, bytes, cpuMs, tookMs].map(round),
      ),
    ]),
  };
}

function listAims(costs: readonly Cost[]): readonly Aim[] {
  const smallest = costs[0];
  const most = Math.max(...costs.map(({ containers: count }) => count));
  return costs.flatMap((cost) => {
    if (smallest === undefined) return [];
    const at = `${String(cost.containers)} containers in ${String(cost.pools)} pools`;
    return [
      atMost(`${at}: calls for a joining member`, cost.join.calls, 1, '', 'count'),
      ...(cost.containers === 1000 ? [atMost(`${at}: RSS`, cost.rssMiB, 80, 'MiB')] : []),
      ...(cost.containers === 10_000
        ? [atMost(`${at}: RSS`, cost.rssMiB, 150, 'MiB'), atMost(`${at}: start-up`, cost.startUpMs, 3000, 'ms')]
        : []),
      ...(cost.containers === most && cost !== smallest
        ? [
            atMost(
              `${at}: bytes for a join, against those with 10`,
              cost.join.bytes / smallest.join.bytes,
              1.5,
              'times',
              'count',
            ),
            atMost(
              `${at}: CPU of an event that changes nothing, against that with 10`,
              cost.nothing.cpuMs / smallest.nothing.cpuMs,
              1.5,
              'times',
            ),
            atMost(`${at}: rendering and writing`, cost.renderMs, 50, 'ms'),
          ]
        : []),
    ];
  });
}
