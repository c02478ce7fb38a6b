import { expect, test } from '@jest/globals';

import type { Container } from '../../src/core/model.ts';
import { Applier } from '../../src/loop/apply.ts';
import { Controller } from '../../src/loop/controller.ts';
import { Drains } from '../../src/loop/drains.ts';
import { Inventory } from '../../src/loop/inventory.ts';
import { Lifecycle } from '../../src/loop/lifecycle.ts';
import type { Texts } from '../../src/core/render.ts';
import { AppError } from '../../src/loop/ports.ts';
import type { Files, Report } from '../../src/loop/ports.ts';
import { StreamsMemory } from '../../src/loop/streams-memory.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MemoryDrains } from '../support/memory-drains.ts';
import { emptySite } from '../support/site.ts';

const window = { quietMs: 500, maxWaitMs: 1000 };

test('what the world may mend is tried again after growing pauses, until it works', async () => {
  const { clock, controller, world, passes } = start();
  world.failure = new AppError('engine', 'cannot list containers');
  controller.markAll('start');
  await clock.advance(4000);
  expect(passes()).toEqual([
    '0 unavailable',
    '250 unavailable',
    '750 unavailable',
    '1750 unavailable',
    '3750 unavailable',
  ]);
  expect(controller.lastOutcome).toEqual({ kind: 'unavailable', what: 'engine', message: 'cannot list containers' });

  world.failure = undefined;
  await clock.advance(60_000);
  expect(passes().slice(5)).toEqual(['7750 applied']);
});

test('an event does not wait for the pause to end, and the pause starts anew after it', async () => {
  const { clock, controller, world, passes } = start();
  world.failure = new AppError('engine', 'away');
  controller.markAll('start');
  await clock.advance(2000);
  controller.mark({ reason: 'die', stale: new Set(['a']), isUrgent: true, atMs: clock.unixMs() });
  await clock.advance(5000);
  expect(passes().slice(4)).toEqual(['2000 unavailable', '6000 unavailable']);
});

test('after a failure everything is looked at again, whatever the next event names', async () => {
  const { clock, controller, world, listed } = start();
  controller.markAll('start');
  await clock.advance(window.quietMs);
  world.failure = new AppError('engine', 'away');
  controller.mark({ reason: 'start', stale: new Set(['a']), isUrgent: false, atMs: clock.unixMs() });
  await clock.advance(10);
  world.failure = undefined;
  controller.mark({ reason: 'start', stale: new Set(['b']), isUrgent: false, atMs: clock.unixMs() });
  await clock.advance(1000);
  expect(listed).toEqual(['all', 'a', 'all']);
});

test('a bug is told with its cause, the loop lives, and the pass is tried again', async () => {
  const { clock, controller, world, reports, passes } = start();
  world.failure = new TypeError('undefined is not a function');
  controller.markAll('start');
  await clock.advance(10);
  expect(reports).toEqual([{ kind: 'bug', error: world.failure }]);
  world.failure = undefined;
  await clock.advance(1000);
  expect(passes()).toEqual(['250 applied']);
});

test('what is in step is not tried again by itself', async () => {
  const { clock, controller, passes } = start();
  controller.markAll('start');
  await clock.advance(600_000);
  controller.markAll('resync');
  await clock.advance(600_000);
  expect(passes()).toEqual(['0 applied', '600000 unchanged']);
});

test('stopped, it tries no more', async () => {
  const { clock, controller, world, passes } = start();
  world.failure = new AppError('engine', 'away');
  controller.markAll('start');
  await clock.advance(10);
  await clock.until(controller.stop());
  await clock.advance(60_000);
  expect(passes()).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

/** A controller without any nginx, whose engine fails as the test says. */
function start() {
  const clock = new FakeClock();
  const world: { failure: Error | undefined } = { failure: undefined };
  const listed: string[] = [];
  const reports: Report[] = [];
  const told: string[] = [];
  const look = (what: string): Promise<readonly Container[]> => {
    listed.push(what);
    return world.failure === undefined ? Promise.resolve([]) : Promise.reject(world.failure);
  };
  const engine = {
    listContainers: () => look('all'),
    inspectContainers: (ids: readonly string[]) => look(ids.join()),
    listEvents: () => Promise.resolve([]),
    readStopSignal: () => Promise.resolve(undefined),
    readStartedAt: () => Promise.resolve(undefined),
  };
  const files = memoryFiles();
  const parts = {
    inventory: new Inventory(engine),
    lifecycle: new Lifecycle(engine, clock, true),
    drains: new Drains(new MemoryDrains(), engine),
    checks: { follow: () => Promise.resolve(new Map<string, never>()) },
    clock,
    targets: {
      find: () =>
        Promise.resolve({
          targets: [],
          reach: 'any' as const,
          ownReach: 'any' as const,
          missing: undefined,
          project: undefined,
        }),
    },
    files,
    applier: new Applier(files, clock),
    streams: new StreamsMemory(files.streamsPath),
    policy: {
      scope: { kind: 'all' } as const,
      declaredPools: [],
      internal: { address: undefined, port: 9181 },
      failOpen: true,
      checks: true,
    },
  };
  const controller = new Controller(parts, window, clock, {
    report(report) {
      reports.push(report);
      if (report.kind === 'pass') told.push(`${String(clock.nowMs())} ${report.outcome.kind}`);
    },
  });
  return { clock, controller, world, listed, reports, passes: () => told };
}

function memoryFiles(): Files {
  const texts = new Map<string, Texts>();
  const read = (name: string) => Promise.resolve(texts.get(name));
  const write = (name: string) => (written: Texts) => {
    texts.set(name, written);
    return Promise.resolve();
  };
  return {
    generatedPath: '/none/upstreams.conf',
    streamsPath: '/none/streams.conf',
    readGenerated: () => read('generated'),
    writeGenerated: write('generated'),
    readLastGood: () => read('good'),
    writeLastGood: write('good'),
    readSite: () => Promise.resolve({ site: emptySite, digest: 'none', fileCount: 0 }),
  };
}
