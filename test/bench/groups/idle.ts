import { setTimeout as pause } from 'node:timers/promises';

import { Fleet } from '../fleet.ts';
import { atMost, round } from '../group.ts';
import type { Bench, Finding, Group } from '../group.ts';
import { readCpuMs } from '../usage.ts';

/** What it costs to do nothing but check members. */
interface Rest {
  readonly members: number;
  /** Processor time, in percent of one core. */
  readonly cpuPercent: number;
  readonly callsPerMinute: number;
  readonly checksPerSecond: number;
}

/** Longer than members that joined together are asked together, and than the first event stream lasts, which a replay follows. */
const settleMs = 12_500;

export const idle: Group = {
  name: 'idle',
  title: 'At rest',
  isQuick: true,
  run: async (bench): Promise<Finding> => {
    const rests: Rest[] = [];
    for (const members of bench.isQuick ? [100] : [100, 1000]) rests.push(await measure(members, bench));
    return {
      tables: [
        {
          title: 'Checks of all members by TCP, with default settings, and not one event',
          head: ['members', '% of a core', 'checks a second', 'API calls a minute'],
          rows: rests.map(({ members, cpuPercent, checksPerSecond, callsPerMinute }) =>
            [members, cpuPercent, checksPerSecond, callsPerMinute].map(round),
          ),
        },
      ],
      aims: rests.flatMap(({ members, cpuPercent, callsPerMinute }) => [
        ...(members === 100 ? [atMost('100 members: processor', cpuPercent, 0.5, '% of a core')] : []),
        atMost(`${String(members)} members: API calls a minute`, callsPerMinute, 12, '', 'count'),
      ]),
      notes: [
        'The API calls are new event streams: one that is silent for 10 s is replaced, since a dead one is silent, too.',
      ],
    };
  },
};

async function measure(members: number, bench: Bench): Promise<Rest> {
  bench.interrupted.throwIfAborted();
  const fleet = new Fleet({ containers: members, pools: 1 });
  try {
    await fleet.start();
    await pause(settleMs, undefined, { signal: bench.interrupted });
    const before = { cpuMs: readCpuMs(fleet.pid), calls: fleet.docker.calls.length, checks: fleet.checks };
    const beginMs = performance.now();
    await pause(bench.isQuick ? 10_000 : 30_000, undefined, { signal: bench.interrupted });
    const tookMs = performance.now() - beginMs;
    return {
      members,
      cpuPercent: (100 * (readCpuMs(fleet.pid) - before.cpuMs)) / tookMs,
      callsPerMinute: ((fleet.docker.calls.length - before.calls) * 60_000) / tookMs,
      checksPerSecond: ((fleet.checks - before.checks) * 1000) / tookMs,
    };
  } finally {
    await fleet.remove();
  }
}
