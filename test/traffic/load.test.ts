/** The client against servers that answer, fail and hang: what it sends, when, and what it says of it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';

import { afterEach, expect, test } from '@jest/globals';

import { failures } from '../support/who-answers.ts';
import { LoadClient } from './load/load-client.ts';
import { sendAtRate } from './load/send-at-rate.ts';
import type { LoadPlan } from './load/send-at-rate.ts';
import { kinds } from './load/sent-request.ts';
import type { SentRequest } from './load/sent-request.ts';

const body = JSON.stringify({ service: 'app', hostname: 'one' });

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

test('all kinds of clients send in turn, with a body where they POST', async () => {
  const seen: {
    readonly method: string;
    readonly connection: string;
    readonly length: string;
    readonly port: number;
  }[] = [];
  const plan = await planFor((request, response) => {
    const { method = '', headers, socket } = request;
    const { connection = '', 'content-length': length = '' } = headers;
    seen.push({ method, connection, length, port: socket.remotePort ?? 0 });
    response.end(body);
  });
  const sent = await collect({ ...plan, ratePerSecond: 100, longestMs: 395 });

  expect(sent).toHaveLength(40);
  expect(sent.every(({ answer }) => answer.kind === 'app' && answer.hostname === 'one')).toBe(true);
  for (const { method, connection } of kinds) {
    const its = seen.filter(
      (one) => one.method === method && (one.connection === 'close') === (connection === 'one-shot'),
    );
    expect(its).toHaveLength(10);
    expect(its.every(({ length }) => (method === 'POST') === Number(length) > 0)).toBe(true);
    const ports = new Set(its.map(({ port }) => port)).size;
    if (connection === 'one-shot') expect(ports).toBe(10);
    else expect(ports).toBeLessThan(10);
  }
});

test('an answer that does not come delays no other request, and has failed after its time', async () => {
  let count = 0;
  const plan = await planFor((_request, response) => {
    count += 1;
    if (count > 3) response.end(body);
  });
  const sent = await collect({ ...plan, ratePerSecond: 100, longestMs: 295, timeoutMs: 500 });

  expect(sent).toHaveLength(30);
  expect(failures(sent.map(({ answer }) => answer))).toEqual(Array(3).fill('no answer within 0.5 s'));
  const inOrder = sent.toSorted((one, other) => one.scheduledMs - other.scheduledMs);
  const [first] = inOrder;
  expect(inOrder.map(({ scheduledMs }) => Math.round(scheduledMs - (first?.scheduledMs ?? 0)))).toEqual(
    Array.from({ length: 30 }, (_, number) => number * 10),
  );
  // All had been sent before the first of them was given up.
  const firstEndMs = Math.min(...sent.filter(({ answer }) => answer.kind === 'failure').map(({ endMs }) => endMs));
  expect(sent.every(({ startMs }) => startMs < firstEndMs)).toBe(true);
});

test.each<[string, RequestListener, RegExp]>([
  ['an error status', (_request, response) => response.writeHead(502).end(), /^status 502$/],
  ['a connection reset before the answer', (request) => request.socket.resetAndDestroy(), /ECONNRESET|hang up/],
  ['a connection closed before the answer', (request) => request.socket.destroy(), /ECONNRESET|hang up/],
  [
    'a connection closed amidst the answer',
    (request, response) => {
      response.writeHead(200, { 'Content-Length': '100' }).write('{', () => {
        destroySoon(request);
      });
    },
    /aborted/,
  ],
  [
    "an answer that is not the app's",
    (_request, response) => response.end('<html>'),
    /^an answer that is not the app's/,
  ],
])('%s is a failure', async (_what, listener, why) => {
  const sent = await collect({ ...(await planFor(listener)), ratePerSecond: 100, longestMs: 35 });
  expect(sent).toHaveLength(4);
  for (const reason of failures(sent.map(({ answer }) => answer))) expect(reason).toMatch(why);
  expect(failures(sent.map(({ answer }) => answer))).toHaveLength(4);
});

test('nobody listening is a failure', async () => {
  const plan = await planFor(() => undefined);
  server?.close();
  const sent = await collect({ ...plan, ratePerSecond: 100, longestMs: 35 });
  expect(failures(sent.map(({ answer }) => answer)).every((why) => why.includes('ECONNREFUSED'))).toBe(true);
  expect(failures(sent.map(({ answer }) => answer))).toHaveLength(4);
});

test('what is above the bound of open requests is not sent, and counts as failed', async () => {
  let count = 0;
  const plan = await planFor(() => (count += 1));
  const sent = await collect({ ...plan, ratePerSecond: 100, longestMs: 95, timeoutMs: 300, mostInFlight: 4 });
  expect(count).toBe(4);
  expect(failures(sent.map(({ answer }) => answer)).filter((why) => why.startsWith('not sent:'))).toHaveLength(6);
});

test('the thread sends while this one is busy, and tells of all its requests when it is stopped', async () => {
  const plan = await planFor((_request, response) => response.end(body));
  const client = await LoadClient.start({ ...plan, ratePerSecond: 200, timeoutMs: 2000 });
  // This thread answers nothing meanwhile; the client goes on by its schedule.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  const sent = await client.stop();
  expect(sent.length).toBeGreaterThanOrEqual(90);
  expect(failures(sent.map(({ answer }) => answer))).toEqual([]);
});

test('a thread that breaks is told of', async () => {
  const plan = await planFor((_request, response) => response.end(body));
  // No port at all.
  await expect(LoadClient.start({ ...plan, port: 70_000 }).then((client) => client.stop())).rejects.toThrow(/port/i);
});

async function planFor(listener: RequestListener): Promise<LoadPlan> {
  server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { port: address.port, ratePerSecond: 100, timeoutMs: 2000, longestMs: 10_000, mostInFlight: 500 };
}

async function collect(plan: LoadPlan): Promise<readonly SentRequest[]> {
  const sent: SentRequest[] = [];
  await sendAtRate(plan, new AbortController().signal, (request) => sent.push(request));
  return sent;
}

function destroySoon({ socket }: IncomingMessage): void {
  setImmediate(() => {
    socket.destroy();
  });
}
