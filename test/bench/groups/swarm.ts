import { setTimeout as pause } from 'node:timers/promises';

import { atMost, round } from '../group.ts';
import type { Aim, Bench, Finding, Group } from '../group.ts';
import { median } from '../samples.ts';
import { SwarmFleet, managerMsPerTask, serviceOf } from '../swarm-fleet.ts';
import type { SwarmSize, Used } from '../swarm-fleet.ts';

/** What balancers use in some time, each. */
interface Rate {
  readonly callsPerS: number;
  readonly kBPerS: number;
  /** In percent of one core. */
  readonly cpuPercent: number;
  /** Of lists of all tasks. */
  readonly listsPerS: number;
}

interface Cost extends SwarmSize {
  readonly startUpMs: number;
  readonly rssMiB: number;
  readonly rest: Rate;
}

/** What changes cost. */
interface Change {
  readonly tasks: number;
  readonly balancers: number;
  /** From the end of the health check, as the manager knows it, until nginx serves the task. */
  readonly joinMs: number;
  /** From `docker service scale` until nginx sends nothing more to the task. */
  readonly leaveMs: number;
  readonly update: Rate;
  readonly updateS: number;
  /** From the last change of the update until nginx serves exactly the new ones. */
  readonly convergedMs: number;
  readonly peakMiB: number;
}

const alone = { balancers: 1, processes: 1 };
const sizes: readonly SwarmSize[] = [
  { tasks: 100, services: 5, nodes: 5, ...alone },
  { tasks: 1000, services: 10, nodes: 50, ...alone },
  { tasks: 10_000, services: 100, nodes: 500, ...alone },
  { tasks: 1000, services: 10, nodes: 50, balancers: 5, processes: 5 },
  { tasks: 1000, services: 10, nodes: 50, balancers: 100, processes: 1 },
  { tasks: 10_000, services: 100, nodes: 500, balancers: 10, processes: 1 },
];
/** Longer than what follows a start. */
const settleMs = 5000;

export const swarm: Group = {
  name: 'swarm',
  title: 'A Swarm',
  isQuick: false,
  run: async (bench): Promise<Finding> => {
    const costs: Cost[] = [];
    const changes: Change[] = [];
    for (const size of bench.isQuick ? sizes.slice(0, 2) : sizes) {
      const [cost, change] = await measure(size, bench);
      costs.push(cost);
      if (change !== undefined) changes.push(change);
    }
    return {
      tables: [
        {
          title:
            'At rest, each balancer; where they are said to be more than there are processes, a process is told so',
          head: [
            ...['tasks', 'nodes', 'balancers', 'processes', 'start-up ms', 'RSS MiB'],
            ...['calls/s', 'kB/s', '% of a core', 'all balancers: calls/s', 'MB/s', "managers' cores"],
          ],
          rows: costs.map(renderCost),
        },
        {
          title:
            'While services change, each balancer; in the update all tasks of a service are replaced, 10 at a time, started first',
          head: [
            ...['tasks', 'balancers', 'join ms', 'leave ms', 'update s', 'update: calls/s', 'MB/s', '% of a core'],
            ...['end → converged ms', 'RSS MiB'],
          ],
          rows: changes.map(({ tasks, balancers, joinMs, leaveMs, updateS, update, convergedMs, peakMiB }) => [
            ...[tasks, balancers].map(String),
            ...[joinMs, leaveMs, updateS, update.callsPerS, update.kBPerS / 1000, update.cpuPercent].map(round),
            ...[convergedMs, peakMiB].map(round),
          ]),
        },
      ],
      aims: listAims(costs, changes),
      notes: [
        `The manager is a fake on a unix socket; its answers are as long as those of engine 20.10 (about 1.5 kB a task), and take as long: ${String(managerMsPerTask)} ms a task. nginx and the balancers are real processes, and every task answers their checks.`,
        'What all balancers are for the managers is arithmetic: one of them times their number; the cores are lists of tasks times what a list costs a real manager. A follower that is asked costs its leader half as much again.',
        'More than five real balancers do not fit two cores beside everything else: the one process that answers for all members is too slow for their checks then. Who is told of others asks as seldom as one of so many does.',
        'Where it says 0 kB/s, no list fell into the 20 s that were looked at.',
        'Join and leave are medians of two; they include the wait for the next poll.',
      ],
    };
  },
};

async function measure(size: SwarmSize, bench: Bench): Promise<readonly [Cost, Change | undefined]> {
  bench.interrupted.throwIfAborted();
  const fleet = new SwarmFleet(size);
  try {
    const startUpMs = await fleet.start();
    await pause(settleMs, undefined, { signal: bench.interrupted });
    const before = fleet.used;
    await pause(bench.isQuick ? 10_000 : 20_000, undefined, { signal: bench.interrupted });
    const cost = { ...size, startUpMs, rssMiB: fleet.rssMiB, rest: rateOf(before, fleet.used, size.processes) };
    bench.tell(
      `${String(size.tasks)} tasks, ${String(size.balancers)} balancers: started in ${round(startUpMs)} ms, RSS ${round(cost.rssMiB)} MiB, at rest each ${round(cost.rest.callsPerS)} calls/s, ${round(cost.rest.kBPerS)} kB/s`,
    );
    return [cost, size.tasks <= 1000 || size.balancers === 1 ? await change(fleet, size, bench) : undefined];
  } finally {
    await fleet.remove();
  }
}

async function change(fleet: SwarmFleet, size: SwarmSize, bench: Bench): Promise<Change> {
  const name = serviceOf(0);
  const replicas = size.tasks / size.services;
  const joinsMs: number[] = [];
  const leavesMs: number[] = [];
  for (let turn = 0; turn < 2; turn++) {
    bench.interrupted.throwIfAborted();
    fleet.swarm.scale(name, replicas + 1);
    joinsMs.push(await sinceLastChange(fleet));
    await pause(settleMs, undefined, { signal: bench.interrupted });
    const beginMs = performance.now();
    fleet.swarm.scale(name, replicas);
    await fleet.inStep();
    leavesMs.push(performance.now() - beginMs);
    await pause(settleMs, undefined, { signal: bench.interrupted });
  }
  const before = fleet.used;
  fleet.swarm.update(name);
  const convergedMs = await sinceLastChange(fleet);
  const after = fleet.used;
  const cost = {
    tasks: size.tasks,
    balancers: size.balancers,
    joinMs: median(joinsMs),
    leaveMs: median(leavesMs),
    update: rateOf(before, after, size.processes),
    updateS: (after.atMs - before.atMs) / 1000,
    convergedMs,
    peakMiB: fleet.rssMiB,
  };
  bench.tell(
    `${String(size.tasks)} tasks, ${String(size.balancers)} balancers: join ${round(cost.joinMs)} ms, leave ${round(cost.leaveMs)} ms, update ${round(cost.updateS)} s, then ${round(convergedMs)} ms`,
  );
  return cost;
}

/** Waits until nothing is under way; answers how long after the last task began to serve nginx was in step. */
async function sinceLastChange(fleet: SwarmFleet): Promise<number> {
  await fleet.swarm.allServe();
  const beginMs = performance.now();
  await fleet.inStep();
  return performance.now() - beginMs;
}

function rateOf(before: Used, after: Used, processes: number): Rate {
  const tookMs = after.atMs - before.atMs;
  const perS = (now: number, then: number): number => ((now - then) * 1000) / tookMs / processes;
  return {
    callsPerS: perS(after.asked.calls, before.asked.calls),
    kBPerS: perS(after.asked.bytes, before.asked.bytes) / 1000,
    cpuPercent: perS(after.cpuMs, before.cpuMs) / 10,
    listsPerS: perS(after.lists.calls, before.lists.calls),
  };
}

function renderCost({ tasks, nodes, balancers, processes, startUpMs, rssMiB, rest }: Cost): readonly string[] {
  const cores = (balancers * rest.listsPerS * tasks * managerMsPerTask) / 1000;
  return [
    ...[tasks, nodes, balancers, processes].map(String),
    ...[startUpMs, rssMiB, rest.callsPerS, rest.kBPerS, rest.cpuPercent].map(round),
    ...[balancers * rest.callsPerS, (balancers * rest.kBPerS) / 1000, cores].map(round),
  ];
}

function listAims(costs: readonly Cost[], changes: readonly Change[]): readonly Aim[] {
  return [
    ...costs.map(({ tasks, balancers, rest }) =>
      atMost(
        `${String(tasks)} tasks, ${String(balancers)} balancers: calls of each at rest`,
        rest.callsPerS,
        1,
        '/s',
        'count',
      ),
    ),
    ...costs
      .filter(({ tasks }) => tasks === 10_000)
      .map(({ balancers, rssMiB }) => atMost(`10000 tasks, ${String(balancers)} balancers: RSS`, rssMiB, 400, 'MiB')),
    ...changes.map(({ tasks, balancers, convergedMs }) =>
      atMost(
        `${String(tasks)} tasks, ${String(balancers)} balancers: from the end of an update to nginx`,
        convergedMs,
        5000,
        'ms',
      ),
    ),
  ];
}
