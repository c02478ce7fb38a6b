import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { Server } from 'node:net';

import { afterEach, expect, test } from '@jest/globals';

import { askDigest, askVersion } from '../../src/adapters/ask-digest.ts';
import { freePort } from '../support/free-port.ts';

const digest = 'a1'.repeat(32);

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

test('the digest, over a connection of its own', async () => {
  const connections = new Set<unknown>();
  const port = await serve((request, response) => {
    connections.add(request.socket);
    response.end(request.url === '/lbwatch/digest' ? `${digest}\n` : 'another path');
  });
  expect([await askDigest('127.0.0.1', port), await askDigest('127.0.0.1', port)]).toEqual([digest, digest]);
  expect(connections.size).toBe(2);
});

test('the version', async () => {
  const serveVersion = (text: string): Promise<number> =>
    serve((request, response) => response.end(request.url === '/lbwatch/version' ? text : 'another path'));
  expect(await askVersion('127.0.0.1', await serveVersion('1.30.6\n'))).toBe('1.30.6');
  expect(await askVersion('127.0.0.1', await serveVersion('$nginx_version\n'))).toBeUndefined();
});

test.each<[string, RequestListener]>([
  ['another page', (_, response) => response.end('<h1>Welcome to nginx!</h1>')],
  ['an empty answer', (_, response) => response.end()],
  ['an error that happens to carry a digest', (_, response) => response.writeHead(404).end(`${digest}\n`)],
  ['a digest and more', (_, response) => response.end(`${digest}\n${digest}\n`)],
  ['a digest in capitals', (_, response) => response.end(`${digest.toUpperCase()}\n`)],
  ['a redirect', (_, response) => response.writeHead(302, { location: '/' }).end()],
  [
    'an answer that breaks off',
    (_, response) => {
      response.writeHead(200, { 'content-length': '65' }).write(digest, () => response.destroy());
    },
  ],
])('nobody, where there is %s', async (_, listener) => {
  expect(await askDigest('127.0.0.1', await serve(listener))).toBeUndefined();
});

test('a huge answer is not read to its end', async () => {
  let sent = 0;
  const port = await serve((_, response) => {
    const send = (): void => {
      sent += 1;
      if (!response.destroyed) response.write('x'.repeat(65_536), send);
    };
    send();
  });
  expect(await within(2000, askDigest('127.0.0.1', port))).toBeUndefined();
  expect(sent).toBeLessThan(1000);
});

test.each<[string, RequestListener]>([
  ['never comes', () => undefined],
  [
    'stops after its head',
    (_, response) => {
      response.flushHeaders();
    },
  ],
  [
    'comes drop by drop',
    (_, response) => {
      const timer = setInterval(() => response.write('a'), 100);
      response.on('close', () => {
        clearInterval(timer);
      });
    },
  ],
])('an answer that %s is given up after a second', async (_, listener) => {
  const port = await serve(listener);
  const beginMs = performance.now();
  expect(await within(3000, askDigest('127.0.0.1', port))).toBeUndefined();
  expect(performance.now() - beginMs).toBeGreaterThan(900);
});

test('nobody listens; or somebody who speaks no HTTP', async () => {
  expect(await askDigest('127.0.0.1', await freePort())).toBeUndefined();
  const server = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
  expect(await askDigest('127.0.0.1', await listen(server))).toBeUndefined();
});

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  cleanups.push(() => {
    server.closeAllConnections();
  });
  return listen(server);
}

async function listen(server: Server): Promise<number> {
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.close();
  });
  return port;
}

function within<T>(withinMs: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`no end within ${String(withinMs)} ms`));
    }, withinMs);
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}
