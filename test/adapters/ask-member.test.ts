import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

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

describe('whether it answers a request', () => {
  test.each([
    ['any status', createHttpServer((_, response) => response.writeHead(500).end())],
    ['what is no HTTP', createServer((socket) => socket.end('-ERR unknown command\n'))],
    ['an end', createServer((socket) => socket.resume().end())],
    ['a break', createServer((socket) => socket.on('data', () => socket.resetAndDestroy()))],
  ])('%s will do', async (_, server) => {
    expect(await ask(await listen(server), { kind: 'reply' })).toEqual({ kind: 'replied', why: 'its port answers' });
  });

  test('it is asked for nothing but its options, and by whom', async () => {
    const asked: string[] = [];
    const address = await listen(
      createHttpServer(({ method, url, headers }, response) => {
        asked.push(`${String(method)} ${String(url)} ${String(headers.host)} ${String(headers['user-agent'])}`);
        response.end();
      }),
    );
    await ask(address, { kind: 'reply' });
    expect(asked).toEqual([`OPTIONS / ${address} lbwatch`]);
  });

  test('accepted, and nothing said: silent', async () => {
    const sockets: Socket[] = [];
    const address = await listen(createServer((socket) => void sockets.push(socket)));
    expect(await ask(address, { kind: 'reply' })).toEqual({
      kind: 'silent',
      why: 'accepts connections and answers nothing within 200 ms',
    });
    for (const socket of sockets) socket.destroy();
  });

  test('nobody listens', async () => {
    expect(await ask(`127.0.0.1:${String(await freePort())}`, { kind: 'reply' })).toMatchObject({ kind: 'refused' });
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
