import { expect, test } from '@jest/globals';

import type { Connection, SentRequest } from '../../traffic/load/sent-request.ts';
import type { Moment } from '../../traffic/moments.ts';
import { readTurns } from './turns.ts';

const moments: readonly Moment[] = [
  { kind: 'leaves', hostname: 'a', atMs: 100 },
  { kind: 'joins', hostname: 'b', atMs: 150 },
  // The end of the one that was told to stop.
  { kind: 'leaves', hostname: 'a', atMs: 200 },
  { kind: 'joins', hostname: 'a', atMs: 300 },
];

test('a member’s turns: the last requests sent to it, and its first answer', () => {
  const sent = [
    request('a', 'one-shot', 90, 95),
    request('a', 'one-shot', 110, 115),
    request('a', 'keep-alive', 130, 140),
    request('b', 'one-shot', 190, 195),
    // Sent while it was away: the first of its new life.
    request('a', 'one-shot', 290, 320),
    request('a', 'one-shot', 310, 315),
  ];
  expect(readTurns('a', moments, sent)).toEqual([
    {
      kind: 'leaves',
      atMs: 100,
      untilMs: 300,
      firstAnswerMs: undefined,
      lastSentMs: { 'one-shot': 10, 'keep-alive': 30 },
    },
    {
      kind: 'joins',
      atMs: 300,
      untilMs: Number.POSITIVE_INFINITY,
      firstAnswerMs: 15,
      lastSentMs: { 'one-shot': undefined, 'keep-alive': undefined },
    },
  ]);
});

test('who never answered has no first answer', () => {
  const [joins] = readTurns('b', moments, [{ ...request('b', 'one-shot', 160, 170), answer: failure }]);
  expect(joins).toMatchObject({ kind: 'joins', firstAnswerMs: undefined });
});

const failure = { kind: 'failure', why: 'status 502' } as const;

function request(hostname: string, connection: Connection, startMs: number, endMs: number): SentRequest {
  const answer = { kind: 'app', service: 'app', hostname } as const;
  return { method: 'GET', connection, scheduledMs: startMs, startMs, endMs, answer };
}
