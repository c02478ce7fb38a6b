import { afterEach, expect, test } from '@jest/globals';

import type { Mark } from '../../src/loop/dirty.ts';
import { AppError } from '../../src/loop/ports.ts';
import { startTaskPoll } from '../../src/sources/task-poll.ts';
import { FakeClock } from '../support/fake-clock.ts';

const clock = new FakeClock();
let stop = (): void => undefined;
afterEach(() => {
  stop();
});

test('at rest it asks every two seconds or so, and nothing is due', async () => {
  const { swarm, marks } = start();
  await clock.advance(60_000);
  expect(swarm.polls).toBeGreaterThanOrEqual(60 / 2.2);
  expect(swarm.polls).toBeLessThanOrEqual(60 / 1.8);
  expect(marks).toEqual([]);
});

test('an event makes it ask at once, and ten times a second soon after; for three seconds where nothing comes of it', async () => {
  const { swarm } = start();
  await clock.advance(500);
  swarm.tell();
  await clock.advance(1);
  expect(swarm.polls).toBe(1);
  await clock.advance(100);
  // After 15, 22.5 and 34 ms more.
  expect(swarm.polls).toBe(4);
  await clock.advance(2900);
  expect(swarm.polls).toBeGreaterThan(25);
  const before = swarm.polls;
  await clock.advance(10_000);
  expect(swarm.polls - before).toBeLessThan(8);
});

test('while anything converges, all are asked for as seldom as at rest', async () => {
  const { swarm } = start();
  swarm.isConverging = true;
  swarm.tell();
  await clock.advance(50_000);
  expect(swarm.wholes).toBeGreaterThanOrEqual(50 / 2.3);
  expect(swarm.wholes).toBeLessThanOrEqual(50 / 1.8);
});

test('while anything converges it asks quickly, for a minute after the last change', async () => {
  const { swarm } = start();
  swarm.isConverging = true;
  swarm.tell();
  await clock.advance(59_000);
  expect(swarm.polls).toBeGreaterThan(500);
  await clock.advance(2000);
  const before = swarm.polls;
  await clock.advance(20_000);
  expect(swarm.polls - before).toBeLessThan(13);
});

test('a change makes a pass due for everything, and at once where somebody leaves', async () => {
  const { swarm, marks } = start();
  swarm.found = { hasChanged: true, hasLeft: false };
  await clock.advance(2200);
  expect(marks.map(({ stale, isUrgent }) => [stale, isUrgent])).toContainEqual(['all', false]);
  expect(marks.some(({ isUrgent }) => isUrgent)).toBe(false);
  swarm.found = { hasChanged: true, hasLeft: true };
  await clock.advance(200);
  expect(marks.at(-1)).toMatchObject({ reason: 'tasks changed', isUrgent: true });
});

test('where the answers take long, it waits twice as long between those of who moves, and ten times as long between all', async () => {
  const { swarm } = start();
  swarm.takesMs = 500;
  await clock.advance(100_000);
  expect(swarm.polls).toBeLessThanOrEqual(19);
  expect(swarm.polls).toBeGreaterThanOrEqual(17);
  swarm.polls = 0;
  swarm.wholes = 0;
  swarm.isConverging = true;
  swarm.tell();
  await clock.advance(50_000);
  expect(swarm.wholes).toBeLessThanOrEqual(10);
  expect(swarm.wholes).toBeGreaterThanOrEqual(8);
  expect(swarm.polls - swarm.wholes).toBeLessThanOrEqual(36);
  expect(swarm.polls - swarm.wholes).toBeGreaterThanOrEqual(28);
});

test('a hundred balancers ask as often together as one that waits a hundred times as long for its answers', async () => {
  const { swarm } = start();
  swarm.takesMs = 5;
  swarm.askers = 100;
  swarm.isConverging = true;
  await clock.advance(10_000);
  swarm.tell();
  await clock.advance(1);
  const before = swarm.polls;
  await clock.advance(50_000);
  expect(swarm.polls - before).toBeGreaterThanOrEqual(48);
  expect(swarm.polls - before).toBeLessThanOrEqual(62);
});

test('a manager that does not answer makes one pass due, which says so, and is asked every second until it does', async () => {
  const { swarm, marks } = start();
  swarm.isAway = true;
  await clock.advance(10_000);
  expect(marks.map(({ reason }) => reason)).toEqual(['manager silent']);
  expect(swarm.polls).toBeGreaterThanOrEqual(7);
  swarm.isAway = false;
  await clock.advance(1001);
  expect(marks.map(({ reason }) => reason)).toEqual(['manager silent', 'manager answers']);
});

test('a manager answers again when it has told all: where nothing moves, nothing is asked, and nothing fails', async () => {
  const { swarm } = start();
  await clock.advance(500);
  swarm.tell();
  swarm.isAway = true;
  await clock.advance(5000);
  expect(swarm.silent.length).toBeGreaterThan(3);
  expect(swarm.silent).toEqual(['moving', ...Array<string>(swarm.silent.length - 1).fill('all')]);
});

test('stopped, it asks no more, whatever it is told', async () => {
  const { swarm } = start();
  await clock.advance(5000);
  stop();
  const before = swarm.polls;
  swarm.tell();
  await clock.advance(10_000);
  expect(swarm.polls).toBe(before);
});

function start() {
  const marks: Mark[] = [];
  let tell = (): void => undefined;
  const swarm = {
    polls: 0,
    wholes: 0,
    silent: new Array<string>(),
    takesMs: 0,
    isAway: false,
    isConverging: false,
    askers: 1,
    found: { hasChanged: false, hasLeft: false },
    tell: () => {
      tell();
    },
    onEvent: (listen: () => void) => {
      tell = listen;
    },
    poll: async (extent: 'all' | 'moving') => {
      swarm.polls += 1;
      if (extent === 'all') swarm.wholes += 1;
      if (swarm.isAway) swarm.silent.push(extent);
      if (swarm.takesMs > 0) await new Promise<void>((resolve) => clock.after(swarm.takesMs, resolve));
      if (swarm.isAway) throw new AppError('engine', 'nobody answers');
      return { ...swarm.found, isConverging: swarm.isConverging, askers: swarm.askers, isWhole: extent === 'all' };
    },
  };
  stop = startTaskPoll(
    swarm,
    (mark) => {
      marks.push(mark);
    },
    clock,
  );
  return { swarm, marks };
}
