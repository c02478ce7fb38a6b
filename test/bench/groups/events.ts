import { setTimeout as pause } from 'node:timers/promises';

import { Fleet } from '../fleet.ts';
import { atMost, round } from '../group.ts';
import type { Bench, Finding, Group } from '../group.ts';
import { median } from '../samples.ts';
import { countOpenFiles, readCpuMs, readRssMiB } from '../usage.ts';

/** The controller at one moment of the storm. */
interface Sample {
  readonly atS: number;
  readonly rssMiB: number;
  readonly openFiles: number;
}

const containers = 1000;
const eventsPerSecond = 1000;
const tickMs = 20;

export const events: Group = {
  name: 'events',
  title: 'A storm of events',
  isQuick: true,
  run: async (bench): Promise<Finding> => {
    const fleet = new Fleet({ containers, pools: 10 });
    try {
      await fleet.start();
      return await weather(fleet, bench);
    } finally {
      await fleet.remove();
    }
  },
};

async function weather(fleet: Fleet, bench: Bench): Promise<Finding> {
  const lastsS = bench.isQuick ? 10 : 60;
  const filesBefore = countOpenFiles(fleet.pid);
  const before = { cpuMs: readCpuMs(fleet.pid), calls: fleet.docker.calls.length, reloads: fleet.reloads };
  const eventsBefore = fleet.docker.emitted;
  const samples: Sample[] = [];
  const beginMs = performance.now();
  const random = randomIndexes();
  for (let nowMs = 0; nowMs < lastsS * 1000; nowMs = performance.now() - beginMs) {
    // As many as are due, however late this process itself is.
    while (fleet.docker.emitted - eventsBefore < (nowMs * eventsPerSecond) / 1000) fleet.toggle(random.next().value);
    if (samples.length <= nowMs / 500) {
      const sample = { atS: nowMs / 1000, rssMiB: readRssMiB(fleet.pid), openFiles: countOpenFiles(fleet.pid) };
      samples.push(sample);
    }
    await pause(tickMs, undefined, { signal: bench.interrupted });
  }
  const tookMs = performance.now() - beginMs;
  const emitted = fleet.docker.emitted - eventsBefore;
  const cpuPercent = (100 * (readCpuMs(fleet.pid) - before.cpuMs)) / tookMs;
  const reloads = fleet.reloads - before.reloads;
  const quietMs = performance.now();
  await fleet.inStep();
  const inStepMs = performance.now() - quietMs;
  const calls = fleet.docker.calls.length - before.calls;
  // Connections to the engine are kept for some seconds.
  await pause(6000, undefined, { signal: bench.interrupted });
  const filesAfter = countOpenFiles(fleet.pid);
  const early = samples.filter(({ atS }) => atS >= lastsS / 4 && atS < lastsS / 2);
  const late = samples.filter(({ atS }) => atS >= (lastsS * 3) / 4);
  const growth = median(late.map(({ rssMiB }) => rssMiB)) / median(early.map(({ rssMiB }) => rssMiB));
  const most = samples.reduce((files, { openFiles }) => Math.max(files, openFiles), 0);
  return {
    tables: [
      {
        title: `${String(containers)} containers in 10 pools end and start for ${String(lastsS)} s`,
        head: [
          'events',
          'a second',
          'reloads',
          'API calls',
          '% of a core',
          'in step after ms',
          'open files: before',
          'most',
          'after',
        ],
        rows: [
          [emitted, (emitted * 1000) / tookMs, reloads, calls, cpuPercent, inStepMs, filesBefore, most, filesAfter].map(
            round,
          ),
        ],
      },
      {
        title: 'Memory and open files meanwhile',
        head: ['after s', 'RSS MiB', 'open files'],
        rows: samples
          .filter((_, index) => index % Math.ceil(samples.length / 12) === 0)
          .map(({ atS, rssMiB, openFiles }) => [atS, rssMiB, openFiles].map(round)),
      },
    ],
    aims: [
      atMost('API calls for an event', calls / emitted, 1, '', 'count'),
      atMost('open files at rest, more than before', Math.max(0, filesAfter - filesBefore), 2, '', 'count'),
      atMost('memory in the last quarter, against the second', growth, 1.15, 'times'),
    ],
    notes: [
      'None lost: in the end nginx runs exactly the members that run on the engine; else the group fails.',
      'A member that ends makes three events (kill, die, stop), one that starts one.',
    ],
  };
}

/** The same containers in each run: a linear congruential generator (Numerical Recipes). */
function* randomIndexes(): Generator<number, never> {
  for (let state = 1; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield Math.floor((state / 2 ** 32) * containers);
  }
}
