import { expect, test } from '@jest/globals';

import type { Method, SentRequest } from './load/sent-request.ts';
import type { Moment } from './moments.ts';
import { sumUp } from './sum-up.ts';

test('what failed is told by method and reason, and nothing of it is in the latencies', () => {
  const sum = sumUp([answered('a', 0, 10), failed('GET', 10), failed('POST', 20), failed('POST', 30)], [], 0);
  expect(sum).toMatchObject({ requests: 4, failed: 3, failedGets: 1, failedPosts: 2, p50Ms: 10, p99Ms: 10, slow: 0 });
  expect(sum.reasons).toEqual({ 'one-shot GET: status 502': 1, 'one-shot POST: status 502': 2 });
});

test('a request that the client sent late was slow by its schedule, and the lag is told', () => {
  const late = { ...answered('a', 1500, 1510), scheduledMs: 0 };
  expect(sumUp([late], [], 0)).toMatchObject({ slow: 1, p50Ms: 1510, clientLagMaxMs: 1500 });
});

test('the 99th percentile leaves one of a hundred above it', () => {
  const sent = Array.from({ length: 200 }, (_, number) => answered('a', 0, number < 199 ? 5 : 900));
  expect(sumUp(sent, [], 0)).toMatchObject({ p50Ms: 5, p99Ms: 5 });
});

test('the last request to a leaving member counts from its stop, not from its end', () => {
  const sent = [answered('a', 90, 95), answered('a', 130, 160), answered('b', 500, 510)];
  expect(sumUp(sent, [moment('leaves', 'a', 100), moment('leaves', 'a', 400)], 0)).toMatchObject({
    lastSentMs: 30,
    lastAnsweredMs: 60,
    firstAnswerMs: null,
  });
});

test('one that had left before its stop has a negative time', () => {
  expect(sumUp([answered('a', 40, 60)], [moment('leaves', 'a', 100)], 0)).toMatchObject({ lastSentMs: -60 });
});

test('of several members the latest counts', () => {
  const sent = [answered('a', 110, 115), answered('b', 250, 255)];
  const moments = [moment('leaves', 'a', 100), moment('leaves', 'b', 200)];
  expect(sumUp(sent, moments, 0)).toMatchObject({ lastSentMs: 50, lastAnsweredMs: 55 });
});

test('one that comes back has left before, and joins again', () => {
  const sent = [answered('a', 120, 5020), answered('a', 5100, 5110)];
  const moments = [moment('leaves', 'a', 100), moment('joins', 'a', 5000)];
  expect(sumUp(sent, moments, 0)).toMatchObject({ lastSentMs: 20, lastAnsweredMs: 4920, firstAnswerMs: 110 });
});

test('a new member joins by its start, also where it becomes healthy later, and may leave again', () => {
  const sent = [answered('a', 300, 310), answered('a', 620, 630)];
  const moments = [moment('joins', 'a', 100), moment('joins', 'a', 250), moment('leaves', 'a', 600)];
  expect(sumUp(sent, moments, 0)).toMatchObject({ firstAnswerMs: 210, lastSentMs: 20, neverAnswered: 0 });
});

test('one that started and never answered is counted', () => {
  expect(sumUp([answered('a', 0, 10)], [moment('joins', 'b', 5)], 0)).toMatchObject({
    neverAnswered: 1,
    firstAnswerMs: null,
  });
});

test('in flight on a dead member: POSTs under way when it died, or begun just then', () => {
  const sent = [
    failed('POST', 0, 50), // Over before.
    failed('POST', 95, 105),
    failed('GET', 95, 105), // Should have been sent to another.
    failed('POST', 140, 145),
    failed('POST', 151, 160), // Begun too late.
  ];
  expect(sumUp(sent, [moment('leaves', 'a', 100)], 50)).toMatchObject({ failed: 5, failedPostsInFlight: 2 });
});

test('without requests there is nothing to tell', () => {
  expect(sumUp([], [], 0)).toMatchObject({ requests: 0, p50Ms: null, clientLagMaxMs: null, lastSentMs: null });
});

function answered(hostname: string, startMs: number, endMs: number): SentRequest {
  const answer = { kind: 'app', service: 'app', hostname } as const;
  return { method: 'GET', connection: 'one-shot', scheduledMs: startMs, startMs, endMs, answer };
}

function failed(method: Method, startMs: number, endMs = startMs + 1): SentRequest {
  const answer = { kind: 'failure', why: 'status 502' } as const;
  return { method, connection: 'one-shot', scheduledMs: startMs, startMs, endMs, answer };
}

function moment(kind: Moment['kind'], hostname: string, atMs: number): Moment {
  return { kind, hostname, atMs };
}
