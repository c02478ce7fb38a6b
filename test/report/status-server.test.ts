import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

import fastify from 'fastify';
import { describe, expect, test } from '@jest/globals';

import type { Container } from '../../src/core/model.ts';
import { Refusal } from '../../src/loop/drainer.ts';
import type { DrainStatus } from '../../src/loop/drainer.ts';
import { AppError } from '../../src/loop/ports.ts';
import { addDrainRoutes } from '../../src/report/drain-routes.ts';
import { mostConnections, startStatusServer } from '../../src/report/status-server.ts';
import { container } from '../support/container.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { StatusLab, noMetrics } from '../support/status-lab.ts';
import '../support/native-errors.ts';

const app = container({ name: 'app-1', attachments: [{ network: 'shop_default', address: '10.0.0.2' }] });
const other = container({ name: 'app-2', attachments: [{ network: 'shop_default', address: '10.0.0.3' }] });
const quiet: DrainStatus = { isDrained: true, isAcknowledged: true, connections: 0, drainMs: 300_000 };

describe('who may ask', () => {
  test.each([
    ['loopback, any container', '127.0.0.1', { container: 'app-2' }, 200, 'drain app-2 drained'],
    ['loopback, its id', '127.9.9.9', { container: app.id.slice(0, 12) }, 200, 'drain app-1 drained'],
    ['a container, for itself', '10.0.0.2', undefined, 200, 'drain app-1 withdrawn'],
    ['a container, for itself by name', '10.0.0.2', { container: 'app-1' }, 200, 'drain app-1 withdrawn'],
    ['a container, for another', '10.0.0.2', { container: 'app-2' }, 403, undefined],
    ['a container, for nobody', '10.0.0.2', { container: 'nobody' }, 403, undefined],
    ['nobody’s address', '10.0.0.9', undefined, 403, undefined],
    ['nobody’s address, for a container', '10.0.0.9', { container: 'app-1' }, 403, undefined],
    ['loopback, no container', '127.0.0.1', undefined, 400, undefined],
    ['loopback, an unknown one', '127.0.0.1', { container: 'nobody' }, 404, undefined],
  ])('%s', async (_, remoteAddress, body, code, done) => {
    const desk = new Desk();
    const { statusCode, json } = await ask(desk, { method: 'POST', url: '/drain', remoteAddress, body });
    expect(statusCode).toBe(code);
    expect(desk.done).toEqual(done === undefined ? [] : [done]);
    if (code !== 200) expect(json).toEqual({ error: expect.stringMatching(/.{20,}/) });
  });

  test('the same for undrain and for looking', async () => {
    const desk = new Desk();
    const foreign = { remoteAddress: '10.0.0.2' };
    await ask(desk, { method: 'POST', url: '/undrain', ...foreign });
    expect(desk.done).toEqual(['undrain app-1 withdrawn']);
    expect(await ask(desk, { method: 'GET', url: '/drain', ...foreign })).toMatchObject({
      statusCode: 200,
      json: { container: 'app-1', drained: true, acknowledged: true, connections: 0 },
    });
    expect((await ask(desk, { method: 'GET', url: '/drain?container=app-2', ...foreign })).statusCode).toBe(403);
    expect(
      (await ask(desk, { method: 'POST', url: '/undrain', ...foreign, body: { container: 'app-2' } })).statusCode,
    ).toBe(403);
    expect(desk.done).toHaveLength(1);
  });

  test('what a proxy says of its caller counts for nothing', async () => {
    const headers = { 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1' };
    const { statusCode } = await ask(new Desk(), {
      method: 'POST',
      url: '/drain',
      remoteAddress: '10.0.0.9',
      headers,
      body: { container: 'app-1' },
    });
    expect(statusCode).toBe(403);
  });
});

describe('what is asked', () => {
  test.each([
    ['curl -X POST', {}, undefined, 200],
    ['wget --post-data=', { 'content-type': 'application/x-www-form-urlencoded' }, '', 200],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'container=app-1', 400],
    // What a page in a browser may send anywhere.
    ['text', { 'content-type': 'text/plain' }, '{"container":"app-1"}', 400],
    ['not JSON', { 'content-type': 'application/json' }, '{', 400],
    ['a list', { 'content-type': 'application/json' }, '[]', 400],
    ['another shape', { 'content-type': 'application/json' }, '{"container":["app-1"]}', 400],
    ['no name', { 'content-type': 'application/json' }, '{"container":""}', 400],
    ['too much', { 'content-type': 'application/json' }, `{"container":"${'x'.repeat(5000)}"}`, 413],
  ])('%s', async (_, headers, body, code) => {
    const desk = new Desk();
    const asked = { method: 'POST' as const, url: '/drain', remoteAddress: '10.0.0.2', headers, body };
    expect((await ask(desk, asked)).statusCode).toBe(code);
    expect(desk.done).toHaveLength(code === 200 ? 1 : 0);
  });

  test.each(['soon', '-1s', '25h', '1s&wait=2s', ''])('wait=%s is refused before anything is done', async (wait) => {
    const desk = new Desk();
    const { statusCode } = await ask(desk, {
      method: 'POST',
      url: `/drain?wait=${wait}`,
      body: { container: 'app-1' },
    });
    expect(statusCode).toBe(400);
    expect(desk.done).toEqual([]);
  });
});

describe('how it ends', () => {
  test.each([
    [new Refusal('unknown', 'no such'), 404],
    [new Refusal('ambiguous', 'several'), 400],
    [new Refusal('no member', 'in no pool'), 409],
    [new Refusal('not yours', 'by hand'), 403],
    [new Refusal('unavailable', 'nginx does not run'), 503],
    [new Refusal('late', 'not acknowledged'), 504],
    [new AppError('files', 'cannot write'), 503],
    [new TypeError('a bug'), 500],
  ])('%s: %i', async (error, code) => {
    const desk = new Desk();
    desk.error = error;
    expect(await ask(desk, { method: 'POST', url: '/drain', body: { container: 'app-1' } })).toEqual({
      statusCode: code,
      json: { error: error.message },
    });
  });

  test.each([
    ['', 0, 'app-1 is drained; nginx has no connection to it'],
    ['', 2, 'app-1 is drained; nginx still has 2 connections to it'],
    ['', undefined, 'app-1 is drained; how many connections nginx still has to it cannot be told'],
    ['?wait=10s', 0, 'app-1 is drained; nginx has no connection to it'],
    ['?wait=10s', 1, 'app-1 is drained, but the time is up (10s): nginx still has 1 connection to it'],
  ])('POST /drain%s with %s connections says so', async (query, connections, message) => {
    const desk = new Desk();
    desk.status_ = { ...quiet, connections };
    expect(await ask(desk, { method: 'POST', url: `/drain${query}`, body: { container: 'app-1' } })).toEqual({
      statusCode: 200,
      json: {
        container: 'app-1',
        drained: true,
        acknowledged: true,
        connections: connections ?? null,
        drainMs: 300_000,
        message,
      },
    });
    expect(desk.waits).toEqual(query === '' ? [] : [10_000]);
  });

  test('undrain tells where the member is', async () => {
    expect(await ask(new Desk(), { method: 'POST', url: '/undrain', body: { container: 'app-1' } })).toEqual({
      statusCode: 200,
      json: {
        container: 'app-1',
        drained: false,
        pools: [{ pool: 'app', state: 'waiting', reason: 'not checked yet' }],
      },
    });
  });
});

test('over the wire: a caller who hangs up, and a controller that ends, end the wait', async () => {
  const desk = new Desk();
  desk.holds = true;
  const port = await freePort();
  const parts = { vitals, desk, sources: new StatusLab(), metrics: noMetrics };
  const stop = await startStatusServer({ host: '127.0.0.1', port, names: [] }, parts);
  const post = (signal?: AbortSignal): Promise<Response> =>
    fetch(`http://127.0.0.1:${String(port)}/drain?wait=1h`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ container: 'app-1' }),
      ...(signal === undefined ? {} : { signal }),
    });
  const patience = { withinMs: 5000, everyMs: 10 };
  const hangUp = new AbortController();
  const first = post(hangUp.signal);
  await eventually(
    'it waits',
    () => {
      expect(desk.waits).toHaveLength(1);
    },
    patience,
  );
  expect(desk.aborted).toBe(0);
  hangUp.abort();
  await expect(first).rejects.toThrow();
  await eventually(
    'it waits no more',
    () => {
      expect(desk.aborted).toBe(1);
    },
    patience,
  );

  const second = expect(post()).rejects.toThrow();
  await eventually(
    'it waits',
    () => {
      expect(desk.waits).toHaveLength(2);
    },
    patience,
  );
  await stop();
  await second;
  await eventually(
    'it waits no more',
    () => {
      expect(desk.aborted).toBe(2);
    },
    patience,
  );
});

test('of too many connections the last ones are closed, and others take the place of those that end', async () => {
  const port = await freePort();
  const parts = { vitals, desk: new Desk(), sources: new StatusLab(), metrics: noMetrics };
  const stop = await startStatusServer({ host: '127.0.0.1', port, names: [] }, parts);
  const held: Socket[] = [];
  try {
    while (held.length < mostConnections) {
      const socket = connect(port, '127.0.0.1');
      held.push(socket);
      await once(socket, 'connect');
    }
    expect(await ping(port)).toBe('');
    // Those who are in are heard.
    const [first] = held;
    expect(await ping(port, first)).toMatch(/^HTTP\/1\.1 200 /);
    await eventually(
      'there is room again',
      async () => {
        expect(await ping(port)).toMatch(/^HTTP\/1\.1 200 /);
      },
      { withinMs: 5000, everyMs: 20 },
    );
  } finally {
    for (const socket of held) socket.destroy();
    await stop();
  }
}, 30_000);

/** Asks /readyz and answers what was said until the connection ended; '' where it ended unheard. */
async function ping(port: number, socket = connect(port, '127.0.0.1')): Promise<string> {
  let said = '';
  socket.setEncoding('utf8').on('data', (text: string) => (said += text));
  socket.on('error', () => undefined);
  socket.write('GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  await once(socket, 'close');
  return said;
}

const vitals = { outcome: () => undefined, staleSince: () => undefined };

interface Asked {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly remoteAddress?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | string | undefined;
}

async function ask(desk: Desk, { body, remoteAddress = '127.0.0.1', ...asked }: Asked) {
  const server = fastify({ logger: false });
  addDrainRoutes(server, desk);
  const response = await server.inject({ ...asked, remoteAddress, ...(body === undefined ? {} : { body }) });
  const json: unknown = response.json();
  return { statusCode: response.statusCode, json };
}

/** Does nothing, and writes down what it was asked to do. */
class Desk {
  readonly done: string[] = [];
  readonly waits: number[] = [];
  aborted = 0;
  error: Error | undefined;
  status_ = quiet;
  holds = false;

  find(wanted: string): Promise<Container> {
    const found = [app, other].find(({ name, id }) => name === wanted || (wanted !== '' && id.startsWith(wanted)));
    if (found !== undefined) return Promise.resolve(found);
    return Promise.reject(new Refusal('unknown', `no container is called ${wanted}; lbwatch explain lists them`));
  }

  findByAddress(address: string): Promise<Container | undefined> {
    return Promise.resolve([app, other].find(({ attachments }) => attachments[0]?.address === address));
  }

  drain({ name }: Container, kind: string): Promise<void> {
    if (this.error !== undefined) return Promise.reject(this.error);
    this.done.push(`drain ${name} ${kind}`);
    return Promise.resolve();
  }

  undrain({ name, id }: Container, by: string) {
    this.done.push(`undrain ${name} ${by}`);
    return Promise.resolve([
      {
        containerId: id,
        container: name,
        pool: 'app',
        role: 'primary' as const,
        address: '10.0.0.2:8000',
        state: 'waiting' as const,
        condition: 'starting' as const,
        reason: 'not checked yet',
      },
    ]);
  }

  status(): Promise<DrainStatus> {
    return Promise.resolve(this.status_);
  }

  async awaitQuiet(_: Container, withinMs: number, signal: AbortSignal): Promise<DrainStatus> {
    this.waits.push(withinMs);
    if (this.holds) {
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      this.aborted += 1;
    }
    return this.status_;
  }
}
