/** The fake manager against what a real one of engine 20.10 answered (`manager-20.10/`), and against what was seen of its ways. */
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { eventually } from './eventually.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeManager, noLeader, noManager } from './fake-manager.ts';
import { FakeSwarm } from './fake-swarm.ts';
import './native-errors.ts';

const patience = { withinMs: 5000, everyMs: 5 };

let clock: FakeClock;
let swarm: FakeSwarm;
let manager: FakeManager;

beforeEach(async () => {
  clock = new FakeClock();
  swarm = new FakeSwarm(3, (index) => `10.0.1.${String(index)}`, clock);
  manager = new FakeManager(swarm);
  await manager.start();
});
afterEach(async () => {
  await manager.remove();
});

describe('its JSON', () => {
  test.each(['tasks', 'services', 'nodes', 'networks'])(
    'has the names and the kinds of a real one: %s',
    async (what) => {
      swarm.create({ name: 'shop_app', labels: { 'lb.pool': 'app:8000' }, replicas: 2 });
      swarm.update('shop_app');
      await clock.advance(30_000);
      const told = await list(`/${what}`);
      const real = readReal(what);
      for (const one of told) expect(real.map(shapeOf)).toContainEqual(shapeOf(one));
    },
  );

  test.each([
    ['tasks', 250],
    ['services', 250],
    ['nodes', 100],
  ])('is as long as that of a real one: %s', async (what, within) => {
    swarm.create({ name: 'shop_app', labels: { 'lb.pool': 'app:8000' }, replicas: 2 });
    const [real = 0] = readReal(what).map((one) => JSON.stringify(one).length);
    swarm.update('shop_app');
    await clock.advance(30_000);
    const [told = 0] = (await list(`/${what}`)).map((one) => JSON.stringify(one).length);
    expect(Math.abs(told - real)).toBeLessThan(within);
  });

  test('of events, too', async () => {
    const lines = await follow();
    swarm.create({ name: 'shop_app', labels: {}, replicas: 2 });
    swarm.scale('shop_app', 3);
    swarm.drain('node-1');
    await eventually(
      'three events',
      () => {
        expect(lines).toHaveLength(3);
      },
      patience,
    );
    const told = lines;
    const real = readReal('events');
    expect(real.map(shapeOf)).toContainEqual(shapeOf(told[1]));
    expect(told[2]).toMatchObject({ Actor: { Attributes: { 'availability.new': 'drain', name: 'node-1' } } });
  });
});

describe('its ways', () => {
  beforeEach(() => {
    swarm.create({ name: 'shop_app', labels: { 'lb.pool': 'app:8000' }, replicas: 2 });
  });

  test('who is scaled away is meant to be removed at once, runs on for a while, and then is gone', async () => {
    swarm.scale('shop_app', 1);
    expect(await statesOf('/tasks')).toEqual(['running running', 'remove running']);
    expect(await statesOf('/tasks', { 'desired-state': ['running', 'ready'] })).toEqual(['running running']);
    await clock.advance(30_000);
    expect(await statesOf('/tasks')).toEqual(['running running']);
  });

  test('an update that starts first ends the old one when the new one runs; one that stops first the other way round', async () => {
    swarm.update('shop_app');
    const seen = await watch();
    expect([Math.min(...seen), Math.max(...seen)]).toEqual([2, 4]);
    swarm.create({ name: 'shop_other', labels: {}, replicas: 2, order: 'stop-first' });
    swarm.update('shop_other');
    const seenAfter = await watch();
    expect([Math.min(...seenAfter), Math.max(...seenAfter)]).toEqual([3, 4]);
  });

  test('a node that is lost keeps its tasks running in the list; what is to replace them waits', async () => {
    swarm.killNode('node-1');
    expect(await statesOf('/tasks')).toEqual(['running running', 'running running']);
    await clock.advance(10_000);
    expect(await statesOf('/tasks')).toEqual(['running running', 'running running']);
    await clock.advance(1000);
    expect(await statesOf('/tasks')).toEqual(['running running', 'shutdown running', 'ready ready']);
    await clock.advance(7000);
    expect(swarm.serving).toHaveLength(2);
  });

  test('filters allow what they name, and refuse what there is not as the engine does', async () => {
    swarm.create({ name: 'shop_other', labels: {}, replicas: 1 });
    expect(await statesOf('/tasks', { service: ['shop_other'] })).toHaveLength(1);
    expect(await ask('/tasks', { service: ['nobody'] })).toMatchObject({ status: 404 });
    expect(await ask('/tasks', { 'desired-state': ['bogus'] })).toEqual({
      status: 500,
      body: { message: "Invalid desired-state filter: 'bogus'" },
    });
  });

  test('without a leader it answers what takes none, and counts all of it', async () => {
    manager.failure = noLeader;
    expect(await ask('/tasks')).toEqual({ status: 500, body: { message: noLeader.message } });
    expect(await ask('/version')).toMatchObject({ status: 200, body: { ApiVersion: '1.41' } });
    manager.failure = noManager;
    expect(await ask('/tasks')).toMatchObject({ status: 503 });
    manager.failure = undefined;
    await ask('/tasks');
    expect(manager.asked('/tasks').calls).toBe(3);
    expect(manager.asked('/tasks').bytes).toBeGreaterThan(2000);
    expect(manager.asked().calls).toBe(4);
  });

  test('while it is stalled nobody is answered', async () => {
    manager.isStalled = true;
    let isAnswered = false;
    const asking = ask('/nothing').finally(() => (isAnswered = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isAnswered).toBe(false);
    manager.isStalled = false;
    expect(await asking).toMatchObject({ status: 404 });
  });
});

/** How many run, each tenth of a second for half a minute. */
async function watch(): Promise<readonly number[]> {
  const seen: number[] = [];
  for (let turn = 0; turn < 300; turn++) {
    await clock.advance(100);
    seen.push(swarm.tasks.filter(({ state }) => state === 'running').length);
  }
  return seen;
}

async function statesOf(path: string, filters = {}): Promise<readonly string[]> {
  return (await list(path, filters)).map((one) => {
    const { DesiredState, Status } = toRecord(one);
    return `${String(DesiredState)} ${String(toRecord(Status)['State'])}`;
  });
}

async function list(path: string, filters = {}): Promise<readonly unknown[]> {
  const { body } = await ask(path, filters);
  return toList(body);
}

function ask(path: string, filters = {}): Promise<{ readonly status: number | undefined; readonly body: unknown }> {
  const query = `?filters=${encodeURIComponent(JSON.stringify(filters))}`;
  return new Promise((resolve, reject) => {
    get({ socketPath: manager.host.slice('unix://'.length), path: `/v1.41${path}${query}` }, (response) => {
      json(response).then((body) => {
        resolve({ status: response.statusCode, body });
      }, reject);
    }).on('error', reject);
  });
}

/** The events as they come. */
function follow(): Promise<readonly unknown[]> {
  const lines: unknown[] = [];
  return new Promise((resolve, reject) => {
    get({ socketPath: manager.host.slice('unix://'.length), path: '/events' }, (response) => {
      response.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.trim().split('\n')) lines.push(JSON.parse(line));
      });
      resolve(lines);
    }).on('error', reject);
  });
}

/** Names and kinds, without what they say. Labels are whatever somebody wrote. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  const entries = Object.entries(value).filter(([name]) => name !== 'Labels');
  return Object.fromEntries(entries.map(([name, part]) => [name, shapeOf(part)]));
}

function readReal(what: string): readonly unknown[] {
  const parse: (text: string) => readonly unknown[] = JSON.parse;
  return parse(readFileSync(join(import.meta.dirname, 'manager-20.10', `${what}.json`), 'utf8'));
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
