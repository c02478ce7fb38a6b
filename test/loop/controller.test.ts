import { expect, test } from '@jest/globals';

import { AppError } from '../../src/loop/ports.ts';
import type { Report } from '../../src/loop/ports.ts';
import { startController as start, window } from '../support/memory-controller.ts';

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
    '2750 unavailable',
    '3750 unavailable',
  ]);
  expect(controller.lastOutcome).toEqual({ kind: 'unavailable', what: 'engine', message: 'cannot list containers' });

  world.failure = undefined;
  await clock.advance(60_000);
  expect(passes().slice(6)).toEqual(['4750 applied']);
});

test('an event does not wait for the pause to end, and the pause starts anew after it', async () => {
  const { clock, controller, world, passes } = start();
  world.failure = new AppError('engine', 'away');
  controller.markAll('start');
  await clock.advance(2000);
  controller.mark({ reason: 'die', stale: new Set(['a']), isUrgent: true, atMs: clock.unixMs() });
  await clock.advance(5000);
  expect(passes().slice(4)).toEqual([2003, 3003, 4003, 5003, 6003].map((atMs) => `${String(atMs)} unavailable`));
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

test.each([
  ['forward', 7_200_000],
  ['back', -7_200_000],
])(
  'the wall clock is put %s in the middle of a pass: what is said to have passed since the event has',
  async (_, jumpMs) => {
    const spans: number[] = [];
    const report = (told: Report): void => {
      if (told.kind === 'pass') spans.push(told.sinceEventMs);
    };
    const { clock, controller, world } = start(undefined, { report });
    await clock.advance(10_000);
    world.failure = new AppError('engine', 'away');
    controller.mark({ reason: 'die', stale: new Set(['a']), isUrgent: true, atMs: clock.unixMs() - 30 });
    clock.jump(jumpMs);
    await clock.advance(600_000);
    // Removals are gathered for 3 ms.
    expect(spans[0]).toBe(33);
    // The retries are as frequent as ever.
    expect(spans.length).toBeGreaterThan(598);
    expect(Math.max(...spans)).toBe(33);
    expect(Math.min(...spans)).toBe(0);
  },
);
