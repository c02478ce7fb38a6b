import { expect, test } from '@jest/globals';

import { awaitAcknowledgement } from '../../src/loop/acknowledge.ts';
import type { Answer } from '../../src/loop/acknowledge.ts';
import type { Worker } from '../../src/loop/ports.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeTarget } from '../support/fake-target.ts';
import type { Script } from '../support/fake-target.ts';

const patience = { digestMs: 1000, oldWorkersMs: 800, streakMs: 300, pollMs: 10 };
const before: readonly Worker[] = [
  { pid: 11, isQuitting: false },
  { pid: 12, isQuitting: false },
];

test('acknowledged when the digest is there and the old workers have stopped accepting, not before', async () => {
  const { answer, atMs } = await acknowledge(before, (nowMs) => ({
    digest: () => (nowMs() >= 20 ? 'new' : 'old'),
    workers: () => workers(nowMs() >= 120, [21, 22]),
  }));
  expect(answer).toBe('acknowledged');
  expect(atMs).toBe(120);
});

test('old workers that are gone altogether have stopped accepting too', async () => {
  const { answer, atMs } = await acknowledge(before, (nowMs) => ({
    digest: () => 'new',
    workers: () => (nowMs() >= 50 ? [{ pid: 21, isQuitting: false }] : workers(false, [21])),
  }));
  expect(answer).toBe('acknowledged');
  expect(atMs).toBe(50);
});

test('a digest met by chance while an old worker still accepts is no proof', async () => {
  // Old and new workers answer in turn until the old ones quit.
  let turn = 0;
  const { answer, atMs } = await acknowledge(before, (nowMs) => ({
    digest: () => (nowMs() >= 110 || (turn += 1) % 2 === 0 ? 'new' : 'old'),
    workers: () => workers(nowMs() >= 110, [21, 22]),
  }));
  expect(answer).toBe('acknowledged');
  expect(atMs).toBe(110);
});

test('refused when it goes on answering with another digest', async () => {
  const { answer, atMs } = await acknowledge(before, () => ({ digest: () => 'old', workers: () => before }));
  expect(answer).toBe('refused');
  expect(atMs).toBe(1000);
});

test('silent when nobody answers', async () => {
  const { answer, atMs } = await acknowledge(before, () => ({ digest: () => undefined, workers: () => before }));
  expect(answer).toBe('silent');
  expect(atMs).toBe(1000);
});

test('refused when the digest was there and is gone at the end', async () => {
  const { answer } = await acknowledge(before, (nowMs) => ({
    digest: () => (nowMs() < 100 ? 'new' : 'old'),
    workers: () => workers(nowMs() >= 110, [21]),
  }));
  expect(answer).toBe('refused');
});

test('where workers cannot be seen, every fresh connection must meet the digest for a while', async () => {
  const { answer, atMs } = await acknowledge(undefined, (nowMs) => ({
    // The old workers answer now and then until 110 ms.
    digest: () => (nowMs() === 50 || nowMs() === 100 ? 'old' : 'new'),
  }));
  expect(answer).toBe('acknowledged');
  // 300 ms from the last old answer, as seen by a poll every 10 ms.
  expect(atMs).toBe(400);
});

test('workers that become invisible on the way are made up for in the same way', async () => {
  const { answer, atMs } = await acknowledge(before, (nowMs) => ({
    digest: () => 'new',
    workers: () => (nowMs() < 30 ? workers(false, [21]) : undefined),
  }));
  expect(answer).toBe('acknowledged');
  expect(atMs).toBe(330);
});

test('an old worker that never quits is waited for in vain, and the streak decides', async () => {
  const { answer, atMs } = await acknowledge(before, () => ({
    digest: () => 'new',
    workers: () => workers(false, [21]),
  }));
  expect(answer).toBe('acknowledged');
  expect(atMs).toBe(800 + 300);
});

test('refused when old and new go on answering in turn', async () => {
  let turn = 0;
  const { answer, atMs } = await acknowledge(undefined, () => ({
    digest: () => ((turn += 1) % 2 === 1 ? 'new' : 'old'),
  }));
  expect(answer).toBe('refused');
  expect(atMs).toBeLessThanOrEqual(patience.digestMs + patience.oldWorkersMs);
});

function workers(areOldQuitting: boolean, newPids: readonly number[]): readonly Worker[] {
  return [
    ...before.map(({ pid }) => ({ pid, isQuitting: areOldQuitting })),
    ...newPids.map((pid) => ({ pid, isQuitting: false })),
  ];
}

async function acknowledge(
  seenBefore: readonly Worker[] | undefined,
  script: (nowMs: () => number) => Script,
): Promise<{ readonly answer: Answer; readonly atMs: number }> {
  const clock = new FakeClock();
  const target = new FakeTarget(script(() => clock.nowMs()));
  const answer = await clock.until(awaitAcknowledgement(target, 'new', seenBefore, clock, patience));
  return { answer, atMs: clock.nowMs() };
}
