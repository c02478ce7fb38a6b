import type { Container } from '../../src/core/model.ts';
import type { Texts } from '../../src/core/render.ts';
import { Applier } from '../../src/loop/apply.ts';
import { Controller } from '../../src/loop/controller.ts';
import { Drains } from '../../src/loop/drains.ts';
import { Inventory } from '../../src/loop/inventory.ts';
import { Lifecycle } from '../../src/loop/lifecycle.ts';
import type { Files, Report, Reporter } from '../../src/loop/ports.ts';
import { StreamsMemory } from '../../src/loop/streams-memory.ts';
import { FakeClock } from './fake-clock.ts';
import { MemoryDrains } from './memory-drains.ts';
import { emptySite } from './site.ts';

export const window = { quietMs: 500, maxWaitMs: 1000 };

/** What is wrong with the world of a controller at present. */
interface World {
  /** Of the engine. */
  failure: Error | undefined;
  /** Why nothing can be written. */
  disk: Error | undefined;
  /** Why there is no nginx. */
  missing: string | undefined;
}

/**
 * A controller on a clock that moves by hand, whose engine, disk and nginx fail as the test says. Where all is well, there
 * are no containers, and no nginx is behind.
 *
 * @param reporter is told of everything
 */
export function startController(clock = new FakeClock(), reporter: Reporter = { report: () => undefined }) {
  const world: World = { failure: undefined, disk: undefined, missing: undefined };
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
  const files = memoryFiles(world);
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
          missing: world.missing,
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
      reporter.report(report);
      if (report.kind !== 'pass') reports.push(report);
      if (report.kind === 'pass') told.push(`${String(clock.nowMs())} ${report.outcome.kind}`);
    },
  });
  return { clock, controller, world, listed, reports, lifecycle: parts.lifecycle, passes: () => told };
}

function memoryFiles(world: World): Files {
  const texts = new Map<string, Texts>();
  const read = (name: string) => Promise.resolve(texts.get(name));
  const write = (name: string) => (written: Texts) => {
    if (world.disk !== undefined) return Promise.reject(world.disk);
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
