import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';

import { afterEach, describe, expect, test } from '@jest/globals';

import { askMember } from '../../src/adapters/ask-member.ts';
import type { Question } from '../../src/core/probe.ts';
import { freePort } from '../support/free-port.ts';
import '../support/native-errors.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe('tcp', () => {
  test('somebody listens', async () => {
    const address = await listen(createServer((socket) => socket.destroy()));
    expect(await ask(address, { kind: 'tcp' })).toEqual({ kind: 'ok', why: 'its port answers' });
  });

  test('over IPv6', async () => {
    const address = await listen(createServer(), '::1');
    expect(await ask(address, { kind: 'tcp' })).toMatchObject({ kind: 'ok' });
  });

  test('nobody listens', async () => {
    const address = `127.0.0.1:${String(await freePort())}`;
    expect(await ask(address, { kind: 'tcp' })).toEqual({
      kind: 'refused',
      why: `nothing listens on ${address} yet`,
    });
  });
});

describe('http', () => {
  test.each([
    [200, 'ok'],
    [204, 'ok'],
    [302, 'ok'],
    [404, 'failed'],
    [500, 'failed'],
  ])('%i: %s', async (status, kind) => {
    const address = await listen(
      createHttpServer((_, response) => response.writeHead(status).end('x'.repeat(100_000))),
    );
    expect(await ask(address, { kind: 'http', path: '/healthz?deep=1' })).toEqual({
      kind,
      why: `/healthz?deep=1 answered ${String(status)}`,
    });
  });

  test('the path and the query arrive as they were written', async () => {
    const asked: (string | undefined)[] = [];
    const address = await listen(
      createHttpServer(({ url, headers }, response) => {
        asked.push(url, headers['user-agent']);
        response.end();
      }),
    );
    await ask(address, { kind: 'http', path: '/a%20b//c?d=e&f' });
    expect(asked).toEqual(['/a%20b//c?d=e&f', 'lbwatch']);
  });

  test('an answer that does not come in time, and one that comes drop by drop', async () => {
    const silent = await listen(createHttpServer(() => undefined));
    expect(await ask(silent, { kind: 'http', path: '/' })).toEqual({
      kind: 'failed',
      why: '/ did not answer within 200 ms',
    });
    const dripping = await listen(
      createServer((socket) => {
        const timer = setInterval(() => socket.write('H'), 50);
        socket
          .on('error', () => undefined)
          .on('close', () => {
            clearInterval(timer);
          });
      }),
    );
    expect(await ask(dripping, { kind: 'http', path: '/' })).toMatchObject({ kind: 'failed' });
  });

  test('somebody who does not speak http', async () => {
    const address = await listen(createServer((socket) => socket.end('220 mail.example ESMTP\r\n')));
    expect(await ask(address, { kind: 'http', path: '/' })).toMatchObject({ kind: 'failed' });
  });

  test('nobody listens', async () => {
    expect(await ask(`127.0.0.1:${String(await freePort())}`, { kind: 'http', path: '/' })).toMatchObject({
      kind: 'refused',
    });
  });
});

function ask(address: string, check: Question['check']) {
  const timing = { intervalMs: undefined, timeoutMs: 200, rise: 2, fall: 2 };
  return askMember({ key: address, containerId: 'c', address, check, timing });
}

async function listen(server: Server, host = '127.0.0.1'): Promise<string> {
  servers.push(server);
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
}
