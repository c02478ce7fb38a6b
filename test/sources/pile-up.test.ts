import { expect, test } from '@jest/globals';

import type { Connections } from '../../src/loop/ports.ts';
import { PileUp } from '../../src/sources/pile-up.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeTarget } from '../support/fake-target.ts';

test('two more than usual are told, and each two more; who stays is usual from then on', async () => {
  const { clock, writing, told, pileUp } = start();
  const seen = async (now: number | undefined): Promise<number> => {
    writing.now = now;
    await clock.advance(500);
    return told.splice(0).length;
  };
  // Its own question is one of them.
  expect(await seen(1)).toBe(0);
  expect(await seen(2)).toBe(0);
  expect(await seen(3)).toBe(1);
  expect(await seen(3)).toBe(0);
  expect(await seen(4)).toBe(0);
  expect(await seen(90)).toBe(1);
  expect(await seen(undefined)).toBe(0);
  expect(await seen(140)).toBe(1);
  // They have gone.
  expect(await seen(1)).toBe(0);
  expect(await seen(3)).toBe(1);
  pileUp.stop();
  expect(await seen(100)).toBe(0);
  expect(clock.pending).toBe(0);
});

test('another nginx is another count', async () => {
  const { clock, writing, told, pileUp } = start();
  writing.now = 1;
  await clock.advance(1000);
  pileUp.watch([targetOf(writing, 'nginx-2')]);
  // They piled up before anybody asked.
  writing.now = 50;
  await clock.advance(2000);
  expect(told).toHaveLength(1);
  pileUp.watch([targetOf(busy(1), 'nginx-2')]);
  await clock.advance(2000);
  pileUp.watch([targetOf(busy(2), 'nginx')]);
  await clock.advance(2000);
  expect(told).toHaveLength(1);
  pileUp.stop();
});

test('where nobody can look closer, nginx is not asked', async () => {
  const { clock, writing, pileUp, isWanted } = start();
  isWanted.now = false;
  await clock.advance(5000);
  expect(writing.asked).toBe(0);
  isWanted.now = true;
  await clock.advance(1000);
  expect(writing.asked).toBe(2);
  pileUp.stop();
});

test('an nginx with next to nothing to do is asked every second, any other twice a second', async () => {
  const { clock, writing, told, pileUp } = start();
  const countAsked = async (ms: number): Promise<number> => {
    const before = writing.asked;
    await clock.advance(ms);
    return writing.asked - before;
  };
  expect(await countAsked(10_000)).toBe(20);
  writing.requestsEach = 9;
  await clock.advance(1000);
  expect(await countAsked(10_000)).toBe(10);
  // One more in work than usual may be the first of many.
  writing.now = 2;
  await clock.advance(1000);
  expect(await countAsked(10_000)).toBe(20);
  writing.now = 1;
  writing.requestsEach = 10;
  await clock.advance(2000);
  expect(await countAsked(10_000)).toBe(20);
  // It does not answer: that is no rest.
  writing.now = undefined;
  expect(await countAsked(10_000)).toBe(20);
  expect(told).toEqual([]);
  pileUp.stop();
});

interface Writing {
  now: number | undefined;
  asked: number;
  /** So many between two questions, and up to now. */
  requestsEach: number;
  requests: number;
}

function busy(now: number): Writing {
  return { now, asked: 0, requestsEach: 10, requests: 0 };
}

function start() {
  const clock = new FakeClock();
  const writing = busy(1);
  const told: number[] = [];
  const isWanted = { now: true };
  const pileUp = new PileUp(
    clock,
    () => isWanted.now,
    () => told.push(clock.nowMs()),
  );
  pileUp.watch([targetOf(writing, 'nginx')]);
  return { clock, writing, told, pileUp, isWanted };
}

function targetOf(writing: Writing, name: string): FakeTarget {
  const connections = (): Connections | undefined => {
    writing.asked += 1;
    writing.requests += writing.requestsEach;
    const none = { accepts: 0, handled: 0, requests: writing.requests, reading: 0, waiting: 0 };
    return writing.now === undefined ? undefined : { ...none, writing: writing.now };
  };
  return new FakeTarget({ name, connections });
}
