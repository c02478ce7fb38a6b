import { describe, expect, test } from '@jest/globals';

import { Dirty } from '../../src/loop/dirty.ts';
import type { Batch, Mark } from '../../src/loop/dirty.ts';
import { backoffMs } from '../../src/loop/outcome.ts';
import { FakeClock } from '../support/fake-clock.ts';

const window = { quietMs: 500, maxWaitMs: 1000 };

describe('dirty', () => {
  test('the first mark after a quiet time fires at once', async () => {
    const { clock, dirty, firedAtMs } = start();
    await clock.advance(1234);
    dirty.mark(join('a'));
    expect(firedAtMs).toEqual([1234]);
    await clock.advance(10_000);
    expect(firedAtMs).toEqual([1234]);
  });

  test('marks that follow a reload wait until none came for the quiet time', async () => {
    const { clock, dirty, firedAtMs, batches } = start();
    dirty.mark(join('a'));
    await clock.advance(100);
    dirty.mark(join('b'));
    await clock.advance(100);
    dirty.mark(join('c'));
    await clock.advance(499);
    expect(firedAtMs).toEqual([0]);
    await clock.advance(1);
    expect(firedAtMs).toEqual([0, 700]);
    expect(batches[1]).toEqual({ reasons: ['start'], stale: new Set(['b', 'c']), eventMs: 100, receivedMs: 100 });
  });

  test('a steady stream fires at the maximum wait, again and again', async () => {
    const { clock, dirty, firedAtMs } = start();
    for (let elapsedMs = 0; elapsedMs < 3500; elapsedMs += 100) {
      dirty.mark(join('a'));
      await clock.advance(100);
    }
    // Each wait begins with the first mark after the pass before.
    expect(firedAtMs).toEqual([0, 1100, 2100, 3100]);
  });

  test('a mark just as the quiet time after a reload ends is a leading edge', async () => {
    const { clock, dirty, firedAtMs } = start();
    dirty.mark(join('a'));
    await clock.advance(500);
    dirty.mark(join('b'));
    expect(firedAtMs).toEqual([0, 500]);
  });

  test('where old workers pile up, joins wait longer, twice as long with each generation beyond the usual', async () => {
    for (const [generations, quietMs] of [
      [3, 500],
      [4, 1000],
      [6, 4000],
      [20, 30_000],
    ] as const) {
      const { clock, dirty, firedAtMs } = start({ generations });
      dirty.mark(join('a'));
      await clock.advance(100);
      dirty.mark(join('b'));
      await clock.advance(60_000);
      expect(firedAtMs).toEqual([0, 100 + quietMs]);
    }
  });

  test('a removal does not wait for old workers either', async () => {
    const { clock, dirty, firedAtMs } = start({ generations: 20 });
    dirty.mark(join('a'));
    await clock.advance(100);
    dirty.mark(leave('b'));
    await clock.advance(3);
    expect(firedAtMs).toEqual([0, 103]);
  });

  test('after a pass without a reload nothing is held back', async () => {
    const { clock, dirty, firedAtMs } = start({ hasReloaded: false });
    for (const id of ['a', 'b', 'c']) {
      dirty.mark(join(id));
      await clock.advance(10);
    }
    expect(firedAtMs).toEqual([0, 10, 20]);
  });

  test('removals that come within 3 ms of the first share a pass, and a later one has its own', async () => {
    const { clock, dirty, firedAtMs, batches } = start();
    dirty.mark(leave('a'));
    await clock.advance(2);
    dirty.mark(leave('b'));
    expect(firedAtMs).toEqual([]);
    await clock.advance(6);
    dirty.mark(leave('c'));
    await clock.advance(1000);
    expect(firedAtMs).toEqual([3, 11]);
    expect(batches.map(({ stale }) => stale)).toEqual([new Set(['a', 'b']), new Set(['c'])]);
  });

  test('a removal waits for no more than that, and takes along what waits', async () => {
    const { clock, dirty, firedAtMs, batches } = start();
    dirty.mark(join('a'));
    await clock.advance(100);
    dirty.mark(join('b'));
    await clock.advance(50);
    dirty.mark(leave('c'));
    await clock.advance(3);
    expect(firedAtMs).toEqual([0, 153]);
    expect(batches[1]).toEqual({
      reasons: ['start', 'die'],
      stale: new Set(['b', 'c']),
      eventMs: 100,
      receivedMs: 100,
    });
    await clock.advance(5000);
    expect(firedAtMs).toEqual([0, 153]);
  });

  test('a start does not wait for a pass about its networks, and one is made for these alone after the quiet time', async () => {
    const connect = (id: string): Mark => ({ ...join(id), reason: 'connect' });
    const { clock, dirty, firedAtMs, batches } = start({ hasReloaded: false });
    dirty.mark(connect('a'));
    await clock.advance(100);
    expect(firedAtMs).toEqual([]);
    dirty.mark(join('a'));
    expect(firedAtMs).toEqual([100]);
    expect(batches[0]).toMatchObject({ reasons: ['connect', 'start'], receivedMs: 100 });
    dirty.mark(connect('b'));
    await clock.advance(5000);
    expect(firedAtMs).toEqual([100, 600]);
  });

  test('marks during a pass cause exactly one more, and passes never overlap', async () => {
    const { clock, dirty, firedAtMs, batches, mostAtOnce } = start({ passMs: 200, hasReloaded: false });
    dirty.mark(join('a'));
    await clock.advance(50);
    dirty.mark(join('b'));
    dirty.mark(leave('c'));
    await clock.advance(50);
    dirty.mark(join('d'));
    await clock.advance(10_000);
    expect(firedAtMs).toEqual([0, 200]);
    expect(batches[1]?.stale).toEqual(new Set(['b', 'c', 'd']));
    expect(mostAtOnce()).toBe(1);
  });

  test('joins marked during a reload wait for the quiet time, removals only for the pass', async () => {
    const joins = start({ passMs: 200 });
    joins.dirty.mark(join('a'));
    await joins.clock.advance(100);
    joins.dirty.mark(join('b'));
    await joins.clock.advance(10_000);
    expect(joins.firedAtMs).toEqual([0, 600]);

    const removals = start({ passMs: 200 });
    removals.dirty.mark(join('a'));
    await removals.clock.advance(100);
    removals.dirty.mark(leave('b'));
    await removals.clock.advance(10_000);
    expect(removals.firedAtMs).toEqual([0, 200]);
  });

  test('one mark for everything makes the whole batch stale, at the time of the earliest', async () => {
    const { clock, dirty, batches } = start();
    dirty.mark(join('a'));
    await clock.advance(10);
    dirty.mark({ ...join('b'), atMs: clock.startUnixMs + 7 });
    dirty.mark({ ...join('x'), stale: 'all', reason: 'resync', atMs: clock.startUnixMs + 9 });
    await clock.advance(10_000);
    expect(batches[1]).toEqual({ reasons: ['start', 'resync'], stale: 'all', eventMs: 7, receivedMs: 10 });
  });

  test.each([
    ['an hour ago, since the clock was put forward', 3_600_000],
    ['in the future, since it was put back', -3_600_000],
  ])('an event that seems to be %s, counts from when it was told', async (_, jumpMs) => {
    const { clock, dirty, batches } = start();
    await clock.advance(1000);
    const atMs = clock.unixMs();
    clock.jump(jumpMs);
    dirty.mark({ ...join('a'), atMs });
    expect(batches[0]?.eventMs).toBe(1000);
  });

  test('after stop nothing fires any more, and stop waits for the pass under way', async () => {
    const { clock, dirty, firedAtMs, endedAtMs } = start({ passMs: 200 });
    dirty.mark(join('a'));
    await clock.advance(100);
    dirty.mark(join('b'));
    await clock.until(dirty.stop());
    expect(endedAtMs).toEqual([200]);
    dirty.mark(leave('c'));
    await clock.advance(10_000);
    expect(firedAtMs).toEqual([0]);
    expect(clock.pending).toBe(0);
  });

  test('stop forgets what waits', async () => {
    const { clock, dirty, firedAtMs } = start();
    dirty.mark(join('a'));
    await clock.advance(10);
    dirty.mark(join('b'));
    await dirty.stop();
    expect(clock.pending).toBe(0);
    await clock.advance(10_000);
    expect(firedAtMs).toEqual([0]);
  });
});

test('pauses double from a quarter of a second to ten seconds', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 1000].map((attempt) => backoffMs(attempt))).toEqual([
    250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000,
  ]);
});

function join(id: string): Mark & { readonly reason: string } {
  return { reason: 'start', stale: new Set([id]), isUrgent: false, atMs: 100 };
}

function leave(id: string): Mark {
  return { reason: 'die', stale: new Set([id]), isUrgent: true, atMs: 150 };
}

/** @param options how long a pass takes and whether it reloads */
function start({ passMs = 0, hasReloaded = true, generations = 0 } = {}) {
  const clock = new FakeClock();
  const firedAtMs: number[] = [];
  const endedAtMs: number[] = [];
  const batches: Batch[] = [];
  let running = 0;
  let most = 0;
  const dirty = new Dirty(window, clock, async (batch) => {
    firedAtMs.push(clock.nowMs());
    batches.push(batch);
    running += 1;
    most = Math.max(most, running);
    if (passMs > 0) {
      await new Promise<void>((resolve) => {
        clock.after(passMs, resolve);
      });
    }
    running -= 1;
    endedAtMs.push(clock.nowMs());
    return { hasReloaded, generations };
  });
  return { clock, dirty, firedAtMs, endedAtMs, batches, mostAtOnce: () => most };
}
