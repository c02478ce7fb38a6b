/** What `npm run bench` measures in its first groups, by counts that are the same on every machine. */
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import { buildBundle } from '../support/run-lab.ts';
import { Fleet } from './fleet.ts';
import type { FleetSize } from './fleet.ts';
import { countReadBytes } from './usage.ts';
import '../support/native-errors.ts';

/** What the engine and nginx were asked. */
interface Counts {
  readonly calls: readonly string[];
  readonly bytes: number;
  readonly reloads: number;
}

let fleet: Fleet | undefined;

beforeAll(() => {
  expect(buildBundle()).toEqual({ code: 0, said: '' });
});
afterEach(async () => {
  await fleet?.remove();
  fleet = undefined;
});

describe('what an event costs', () => {
  test('is one inspect and one reload for a joining member, and not a byte more with a thousand than with ten', async () => {
    const small = await countJoin({ containers: 10, pools: 1 });
    const large = await countJoin({ containers: 1000, pools: 100 });
    expect(small.calls).toEqual([expect.stringMatching(/^GET \/containers\/[0-9a-z]{64}\/json$/)]);
    expect(large.calls).toHaveLength(1);
    expect([small.reloads, large.reloads]).toEqual([1, 1]);
    // Names and addresses have some digits more.
    expect(large.bytes).toBeLessThan(small.bytes * 1.1);
  }, 60_000);

  test('of a leaving member is at most one inspect for each of its events, and at most one reload', async () => {
    fleet = new Fleet({ containers: 100, pools: 10 });
    await fleet.start();
    const counts = await count(fleet, () => fleet?.end(3));
    expect(counts.calls.length).toBeLessThanOrEqual(2);
    expect(counts.reloads).toBe(1);
  }, 60_000);

  test('of a container that is in no pool and no nginx is nothing, from its beginning to its end', async () => {
    const one = new Fleet({ containers: 10, pools: 1 });
    fleet = one;
    await one.start();
    const counts = await count(one, () => {
      const id = one.docker.add({ name: 'database', labels: { 'com.docker.compose.service': 'database' } });
      one.docker.tellHealth(id, 'healthy');
      one.docker.kill(id, 1);
      one.docker.end(id);
      one.docker.startAgain(id, '127.0.1.9');
      one.docker.delete(id);
      return Promise.resolve();
    });
    expect(counts).toEqual({ calls: [], bytes: expect.any(Number), reloads: 0 });
  }, 60_000);

  test('that changes nothing is not that the generated files are read again, which grow with the members', async () => {
    const one = new Fleet({ containers: 1000, pools: 10 });
    fleet = one;
    await one.start();
    // The first look after a write reads them once more.
    for (let turn = 0; turn < 2; turn++) await one.rest();
    const before = countReadBytes(one.pid);
    await one.tellNothing(1);
    const bytes = countReadBytes(one.pid) - before;
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(one.generatedBytes / 2);
  }, 60_000);

  test('is one list at the start, however many there are', async () => {
    fleet = new Fleet({ containers: 1000, pools: 100 });
    await fleet.start();
    await fleet.rest();
    expect(fleet.docker.count('GET /containers/json')).toBe(1);
    // Of the one that makes sure that nothing is due any more.
    expect(fleet.docker.calls.filter(({ what }) => /^GET \/containers\/.+\/json$/.test(what))).toHaveLength(1);
    expect(fleet.reloads).toBe(1);
  }, 60_000);
});

describe('a storm', () => {
  test('of 3,000 events loses none, and asks the engine less than once for each', async () => {
    fleet = new Fleet({ containers: 100, pools: 5 });
    await fleet.start();
    const before = { calls: fleet.docker.calls.length, emitted: fleet.docker.emitted };
    for (let index = 0; fleet.docker.emitted - before.emitted < 3000; index++) {
      fleet.toggle((index * 7) % 100);
      // Several bursts, so that passes begin in the middle of it.
      if (index % 150 === 149) await fleet.inStep();
    }
    await fleet.inStep();
    expect(fleet.docker.calls.length - before.calls).toBeLessThan(3000);
  }, 60_000);
});

async function countJoin(size: FleetSize): Promise<Counts> {
  const one = new Fleet(size);
  fleet = one;
  await one.start();
  await one.end(1);
  await one.rest();
  const counts = await count(one, () => one.startAgain(1));
  await one.remove();
  fleet = undefined;
  return counts;
}

/** All that was asked until everything is over. */
async function count(one: Fleet, act: () => Promise<unknown> | undefined): Promise<Counts> {
  await one.rest();
  const before = { calls: one.docker.calls.length, bytes: one.docker.sentBytes, reloads: one.reloads };
  await act();
  await one.rest();
  // To rest costs an inspect of the first one.
  const [first = ''] = one.ids;
  const asked = one.docker.calls.slice(before.calls).map(({ what }) => what);
  return {
    calls: asked.filter((what) => !what.includes(first)),
    bytes: one.docker.sentBytes - before.bytes,
    reloads: one.reloads - before.reloads,
  };
}
