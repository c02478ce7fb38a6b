import { describe, expect, test } from '@jest/globals';

import { Lifecycle } from '../../src/loop/lifecycle.ts';
import { AppError } from '../../src/loop/ports.ts';
import type { EngineEvent } from '../../src/loop/ports.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** All that happens here lies behind the clock's beginning. */
const epoch = new FakeClock().startUnixMs - 60_000;

test.each([
  [15, 'SIGTERM'],
  [9, 'SIGKILL'],
])('signal %i (%s) is a call to stop, whatever the own stop signal is, and the engine is not asked', (signal) => {
  const { lifecycle, asked } = start();
  expect(lifecycle.note(kill('a', signal, 1000))).toBe(true);
  expect(lifecycle.departures).toEqual(new Map([['a', { kind: 'signalled', sinceMs: epoch + 1000 }]]));
  expect(asked).toEqual([]);
});

test('another signal counts where it is the own stop signal, which is asked for once', async () => {
  const { lifecycle, asked } = start({ a: 10, b: 15 });
  expect(await lifecycle.note(kill('a', 1, 1000))).toBe(false);
  expect(await lifecycle.note(kill('b', 1, 1000))).toBe(false);
  expect(lifecycle.departures.size).toBe(0);
  expect(await lifecycle.note(kill('a', 10, 1001))).toBe(true);
  expect([...lifecycle.departures.keys()]).toEqual(['a']);
  expect(asked).toEqual(['a', 'b']);
});

test('a second signal does not make it younger', () => {
  const { lifecycle } = start();
  void lifecycle.note(kill('a', 15, 1000));
  void lifecycle.note(kill('a', 9, 11_000));
  expect(lifecycle.departures.get('a')?.sinceMs).toBe(epoch + 1000);
});

test.each(['die', 'destroy'])('after %s it has ended, whatever the list still says', (action) => {
  const { lifecycle } = start();
  void lifecycle.note(kill('a', 15, 1000));
  expect(lifecycle.note(event(action, 'a', 1001))).toBe(false);
  expect(lifecycle.departures).toEqual(new Map([['a', { kind: 'ended', sinceMs: epoch + 1001 }]]));
});

test('departures are the same map until something happens, or the wall clock jumps', () => {
  const { lifecycle, clock } = start();
  void lifecycle.note(kill('a', 15, 1000));
  const { departures } = lifecycle;
  expect(lifecycle.departures).toBe(departures);
  void lifecycle.note(event('die', 'b', 1001));
  expect([...lifecycle.departures.keys()]).toEqual(['a', 'b']);
  const before = lifecycle.departures.get('a')?.sinceMs ?? 0;
  clock.jump(3_600_000);
  expect(lifecycle.departures.get('a')?.sinceMs).toBe(before + 3_600_000);
  lifecycle.forgetAllBut(new Set(['b']));
  expect([...lifecycle.departures.keys()]).toEqual(['b']);
});

test('after a start it is not leaving any more', () => {
  const { lifecycle } = start();
  void lifecycle.note(kill('a', 15, 1000));
  void lifecycle.note(event('die', 'a', 1001));
  void lifecycle.note(event('start', 'a', 1002));
  expect(lifecycle.departures.size).toBe(0);
});

test('after a cut everything is asked for again: an engine that restarted knows nothing of the signals before', async () => {
  const { lifecycle, past, asked } = start();
  await lifecycle.recall();
  void lifecycle.note(kill('a', 15, 1000));
  void lifecycle.note(kill('b', 15, 1000));
  lifecycle.startOver();
  past.push(kill('b', 15, 1000));
  await lifecycle.recall();
  expect([...lifecycle.departures.keys()]).toEqual(['b']);
  expect(asked).toEqual(['past', 'past']);
});

test('an event from before what is known changes nothing: a replay may come late', () => {
  const { lifecycle } = start();
  void lifecycle.note(event('start', 'a', 2000));
  expect(lifecycle.note(kill('a', 15, 1000))).toBe(false);
  void lifecycle.note(kill('a', 15, 3000));
  void lifecycle.note(event('die', 'a', 2500));
  expect([...lifecycle.departures.keys()]).toEqual(['a']);
});

test('started anew while the engine was asked for its signal: it is not leaving', async () => {
  const { lifecycle } = start({ a: 10 });
  const answer = lifecycle.note(kill('a', 10, 1000));
  void lifecycle.note(event('start', 'a', 1500));
  expect(await answer).toBe(false);
  expect(lifecycle.departures.size).toBe(0);
});

test('a start begins a new life', () => {
  const { lifecycle } = start();
  void lifecycle.note(event('start', 'a', 1000));
  void lifecycle.note(event('die', 'a', 2000));
  expect(lifecycle.lives).toEqual(new Map([['a', epoch + 1000]]));
  void lifecycle.note(event('start', 'a', 3000));
  expect(lifecycle.lives).toEqual(new Map([['a', epoch + 3000]]));
});

test('what happened before the controller was there is learned once', async () => {
  const { lifecycle, past, asked } = start();
  past.push(kill('a', 15, 1000), kill('b', 15, 1000), event('start', 'b', 2000));
  await lifecycle.recall();
  await lifecycle.recall();
  expect([...lifecycle.departures.keys()]).toEqual(['a']);
  expect(asked).toEqual(['past']);
});

test('an engine that does not tell of the past, or of a signal, is no failure', async () => {
  const failing = () => Promise.reject(new AppError('engine', 'away'));
  const lifecycle = new Lifecycle({ listEvents: failing, readStopSignal: failing }, new FakeClock(), true);
  await lifecycle.recall();
  expect(await lifecycle.note(kill('a', 10, 1000))).toBe(false);
});

test('LBWATCH_LEAVE_EARLY=off: signals mean nothing, lives are known all the same', async () => {
  const { lifecycle, past } = start({}, false);
  past.push(kill('a', 15, 1000));
  await lifecycle.recall();
  expect(lifecycle.note(kill('a', 15, 1001))).toBe(false);
  void lifecycle.note(event('start', 'a', 1002));
  expect(lifecycle.departures.size).toBe(0);
  expect(lifecycle.lives.get('a')).toBe(epoch + 1002);
});

test('containers that are gone are forgotten', () => {
  const { lifecycle } = start();
  void lifecycle.note(kill('a', 15, 1000));
  void lifecycle.note(kill('b', 15, 1000));
  lifecycle.forgetAllBut(new Set(['b']));
  expect([...lifecycle.departures.keys()]).toEqual(['b']);
});

describe('the wall clock is put', () => {
  test.each([
    ['back', -7_200_000],
    ['forward', 7_200_000],
  ])('%s: who was told to stop has been told as long ago as before', async (_, jumpMs) => {
    const { lifecycle, clock } = start();
    void lifecycle.note(kill('a', 15, 50_000));
    clock.jump(jumpMs);
    await clock.advance(5000);
    const { sinceMs = 0 } = lifecycle.departures.get('a') ?? {};
    expect(clock.unixMs() - sinceMs).toBe(15_000);
  });

  test('back: what happens after it counts, though it seems to be earlier', () => {
    const { lifecycle, clock } = start();
    void lifecycle.note(event('start', 'a', 50_000));
    clock.jump(-7_200_000);
    const nowMs = clock.unixMs() - epoch;
    expect(lifecycle.note(kill('a', 15, nowMs))).toBe(true);
    void lifecycle.note(event('die', 'a', nowMs));
    expect(lifecycle.departures.get('a')).toEqual({ kind: 'ended', sinceMs: clock.unixMs() });
    // Else it would stay out until the clock has caught up.
    void lifecycle.note(event('start', 'a', nowMs + 1));
    expect(lifecycle.departures.size).toBe(0);
  });
});

function start(stopSignals: Readonly<Record<string, number>> = {}, leavesEarly = true) {
  const asked: string[] = [];
  const past: EngineEvent[] = [];
  const engine = {
    listEvents: () => {
      asked.push('past');
      return Promise.resolve(past);
    },
    readStopSignal: (id: string) => {
      asked.push(id);
      return Promise.resolve(stopSignals[id]);
    },
  };
  const clock = new FakeClock();
  return { lifecycle: new Lifecycle(engine, clock, leavesEarly), clock, asked, past };
}

function kill(containerId: string, signal: number, atMs: number): EngineEvent {
  return { action: 'kill', containerId, signal, atMs: epoch + atMs };
}

function event(action: string, containerId: string, atMs: number): EngineEvent {
  return { action, containerId, signal: undefined, atMs: epoch + atMs };
}
