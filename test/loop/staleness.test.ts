import { expect, test } from '@jest/globals';

import type { Outcome } from '../../src/loop/outcome.ts';
import type { Report } from '../../src/loop/ports.ts';
import { Staleness } from '../../src/loop/staleness.ts';
import { FakeClock } from '../support/fake-clock.ts';

const cut = { kind: 'cut', why: 'hung up', retryMs: 250, silentMs: 0 } as const;
const failures: readonly Outcome[] = [
  { kind: 'rejected', message: 'unknown directive' },
  { kind: 'rolledBack', message: 'went on' },
  { kind: 'unavailable', what: 'engine', message: 'away' },
];

test('nothing is fresh before a pass was confirmed that looked while the engine was telling', async () => {
  const { clock, staleness, pass } = start();
  await clock.advance(1000);
  expect(staleness.ageMs).toBe(1000);
  pass({ kind: 'unchanged' });
  expect(staleness.ageMs).toBe(1000);
  staleness.note({ kind: 'watching' });
  // It began before the stream was up: an event may have fallen between.
  pass({ kind: 'unchanged' }, { beganMs: clock.nowMs() - 1 });
  expect(staleness.ageMs).toBe(1000);
  pass({ kind: 'applied', reloaded: ['nginx'], generations: 0 });
  expect(staleness.ageMs).toBeUndefined();
  expect(staleness.since).toBeUndefined();
});

test.each(failures)('$kind: from the event that the pass was for, until one is confirmed', async (outcome) => {
  const { clock, staleness, pass, freshen } = start();
  freshen();
  await clock.advance(60_000);
  pass(outcome, { sinceEventMs: 400 });
  await clock.advance(600);
  // A retry has no event of its own.
  pass(outcome, { sinceEventMs: 10 });
  expect(staleness.ageMs).toBe(1000);
  expect(staleness.since).toEqual(new Date(clock.unixMs() - 1000));
  pass({ kind: 'unchanged' });
  expect(staleness.ageMs).toBeUndefined();
});

test('a cut stream: from when the engine was last heard of, until everything was listed again', async () => {
  const { clock, staleness, pass, freshen } = start();
  freshen();
  await clock.advance(60_000);
  staleness.note({ ...cut, silentMs: 14_000 });
  await clock.advance(1000);
  staleness.note(cut);
  pass({ kind: 'unchanged' });
  expect(staleness.ageMs).toBe(15_000);
  staleness.note({ kind: 'watching' });
  expect(staleness.ageMs).toBe(15_000);
  pass({ kind: 'unchanged' });
  expect(staleness.ageMs).toBeUndefined();
});

test('a bug makes it stale, too', () => {
  const { staleness, freshen } = start();
  freshen();
  staleness.note({ kind: 'bug', error: new TypeError('x') });
  expect(staleness.ageMs).toBe(0);
});

test('where the wall clock jumps, the moment moves along and the age does not', async () => {
  const { clock, staleness } = start();
  await clock.advance(5000);
  clock.jump(-3_600_000);
  expect(staleness.ageMs).toBe(5000);
  expect(staleness.since).toEqual(new Date(clock.startUnixMs - 3_600_000));
});

test('the moment is told the same each time, though two clocks drift apart by a millisecond', async () => {
  const { clock, staleness, pass } = start();
  const { since } = staleness;
  await clock.advance(5000);
  clock.jump(1);
  expect(staleness.since).toEqual(since);
  // Nor do two reckonings of the same moment.
  pass({ kind: 'unavailable', what: 'engine', message: 'away' }, { sinceEventMs: 5001 });
  expect(staleness.since).toEqual(since);
});

test('of several engines one that tells what happens is enough', async () => {
  const { clock, staleness, pass } = start();
  const cut = (engine: string): void => {
    staleness.note({ kind: 'cut', engine, why: 'gone', retryMs: 250, silentMs: 100 });
  };
  cut('far');
  pass({ kind: 'unchanged' });
  expect(staleness.since).toBeDefined();
  staleness.note({ kind: 'watching', engine: 'near' });
  pass({ kind: 'unchanged' });
  expect(staleness.since).toBeUndefined();
  staleness.note({ kind: 'watching', engine: 'far' });
  cut('far');
  expect(staleness.since).toBeUndefined();
  await clock.advance(1000);
  cut('near');
  expect(staleness.ageMs).toBe(100);
  staleness.note({ kind: 'watching', engine: 'far' });
  pass({ kind: 'unchanged' });
  expect(staleness.since).toBeUndefined();
});

function start() {
  const clock = new FakeClock();
  const staleness = new Staleness(clock);
  const pass = (outcome: Outcome, different: Partial<Extract<Report, { kind: 'pass' }>> = {}): void => {
    const made = { reasons: ['start'], plan: undefined, changes: [], isFirst: false, beganMs: clock.nowMs() };
    staleness.note({ kind: 'pass', outcome, sinceEventMs: 0, stages: {}, ...made, ...different });
  };
  const freshen = (): void => {
    staleness.note({ kind: 'watching' });
    pass({ kind: 'unchanged' });
  };
  return { clock, staleness, pass, freshen };
}
