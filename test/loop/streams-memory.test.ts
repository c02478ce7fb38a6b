import { describe, expect, test } from '@jest/globals';

import type { Circumstances } from '../../src/core/desired.ts';
import type { Container } from '../../src/core/model.ts';
import { readNginxBuild } from '../../src/core/nginx-build.ts';
import { StreamsMemory } from '../../src/loop/streams-memory.ts';
import type { Stale } from '../../src/loop/inventory.ts';
import type { Target } from '../../src/loop/ports.ts';
import { container } from '../support/container.ts';
import { FakeTarget } from '../support/fake-target.ts';
import { emptySite } from '../support/site.ts';

const path = '/etc/nginx/lbwatch/streams.conf';
const db = container({ name: 'shop-db-1', labels: { 'lb.pool': 'db', 'lb.protocol': 'tcp' } });
const web = container({ name: 'shop-web-1', labels: { 'lb.pool': 'web' } });
const circumstances: Omit<Circumstances, 'streams'> = {
  scope: { kind: 'all' },
  reach: 'any',
  ownReach: 'any',
  site: emptySite,
  declaredPools: [],
  build: readNginxBuild('nginx version: nginx/1.26.3\n --with-stream'),
  failOpen: true,
  checks: false,
  departures: new Map(),
  lives: new Map(),
  nowMs: 0,
  standings: new Map(),
};

describe('whether nginx includes streams.conf', () => {
  test('decides who is in, and is asked where a tcp or udp pool has members only', async () => {
    let asked = 0;
    const target = new FakeTarget({ includes: () => ++asked < 0 });
    const { inPools } = lab();
    expect(await inPools([web], [target])).toEqual(['web']);
    expect(asked).toBe(0);
    expect(await inPools([web, db], [target])).toEqual(['web']);
    expect(asked).toBe(1);
  });

  test('is remembered until the site changes or everything is looked at', async () => {
    let isIncluded = false;
    let asked = 0;
    const target = new FakeTarget({
      includes: () => {
        asked += 1;
        return isIncluded;
      },
    });
    const { inPools } = lab();
    expect(await inPools([db], [target])).toEqual([]);
    isIncluded = true;
    expect(await inPools([db], [target])).toEqual([]);
    expect(asked).toBe(1);
    expect(await inPools([db], [target], 'edited')).toEqual(['db']);
    isIncluded = false;
    expect(await inPools([db], [target], 'edited')).toEqual(['db']);
    expect(await inPools([db], [target], 'edited', 'all')).toEqual([]);
    expect(asked).toBe(3);
  });

  test('is not known of an nginx that refuses its configuration, nor where none runs: the pools stay', async () => {
    let isAccepted = false;
    const target = new FakeTarget({
      includes: () => false,
      verdict: () => (isAccepted ? { accepted: true } : { accepted: false, message: 'no' }),
    });
    const { inPools } = lab();
    expect(await inPools([db], [target])).toEqual(['db']);
    expect(await inPools([db], [])).toEqual(['db']);
    isAccepted = true;
    expect(await inPools([db], [target])).toEqual([]);
  });

  test('of several, one is enough', async () => {
    const targets = [false, true].map((isIncluded) => {
      return new FakeTarget({ name: String(isIncluded), includes: () => isIncluded });
    });
    expect(await lab().inPools([db], targets)).toEqual(['db']);
  });
});

describe('a refusal', () => {
  const text = '# head\n\nupstream a {\n    server 1;\n}\n\nupstream b {\n    server 2;\n}\n';
  const named = (line: number): string => `nginx: duplicate upstream in ${path}:${String(line)}`;

  test.each([
    [3, 'a'],
    [5, 'a'],
    [6, 'a'],
    [7, 'b'],
    [9, 'b'],
    [10, 'b'],
  ])('at line %d is about pool %s', async (line, pool) => {
    const { memory, refused } = lab();
    await refused([]);
    expect(memory.learnRefusal(named(line), { text: '', streams: text })).toBe(true);
    expect(await refused(['a', 'b'])).toEqual([pool]);
    // Told once: a second pass for the same would change nothing.
    expect(memory.learnRefusal(named(line), { text: '', streams: text })).toBe(false);
  });

  test.each([
    'nginx: unknown directive "x" in /etc/nginx/nginx.conf:3',
    `nginx: unknown directive "x" in ${path}.bak:3`,
    `nginx: unknown directive "x" in /other${path}:3`,
    `nginx: unexpected end of file in ${path}`,
    `nginx: something in ${path}:1`,
    `nginx: something in ${path}:`,
    '',
  ])('%j is about no pool', (message) => {
    expect(lab().memory.learnRefusal(message, { text: '', streams: text })).toBe(false);
  });

  test('holds until the site changes or everything is looked at', async () => {
    const { memory, refused } = lab();
    await refused([]);
    memory.learnRefusal(named(3), { text: '', streams: text });
    expect(await refused(['a', 'b'])).toEqual(['a']);
    expect(await refused(['a', 'b'], 'edited')).toEqual([]);
    memory.learnRefusal(named(3), { text: '', streams: text });
    expect(await refused(['a', 'b'], 'edited', 'all')).toEqual([]);
  });

  test('the fourth is one of the whole file', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const many = names.map((name) => `upstream ${name} {\n}\n`).join('');
    const { memory, refused } = lab();
    await refused([]);
    for (const line of [1, 3, 5]) expect(memory.learnRefusal(named(line), { text: '', streams: many })).toBe(true);
    expect(await refused(names)).toEqual(['a', 'b', 'c']);
    expect(memory.learnRefusal(named(7), { text: '', streams: many })).toBe(true);
    expect(await refused(names)).toEqual(names);
    expect(memory.learnRefusal(named(9), { text: '', streams: many })).toBe(false);
  });
});

describe('a name that nginx knows from elsewhere', () => {
  const http = 'upstream app {\n}\n\nupstream web {\n}\n\nserver {\n}\n';
  const texts = { text: http, streams: 'upstream db {\n}\n' };
  const app = container({ name: 'shop-app-1', labels: { 'lb.pool': 'app' } });

  test.each([
    ['duplicate upstream "app" in /etc/nginx/lbwatch/upstreams.conf:3', ['web', 'db']],
    ['nginx: duplicate upstream "APP" in /etc/nginx/hidden.conf:1', ['web', 'db']],
    ['shop-nginx-1: upstream "app" may not have port 8080 in /etc/nginx/hidden.conf:1', ['web', 'db']],
    ['duplicate upstream "db" in /etc/nginx/hidden.conf:1', ['app', 'web']],
  ])('%s', async (message, left) => {
    const { memory, inPools } = lab();
    expect(await inPools([app, web, db], [])).toEqual(['app', 'db', 'web']);
    expect(memory.learnRefusal(message, texts)).toBe(true);
    expect(await inPools([app, web, db], [])).toEqual([...left].sort());
    expect(memory.learnRefusal(message, texts)).toBe(false);
    // Asked again, as whatever is in the way may be gone.
    expect(await inPools([app, web, db], [], 'site', 'all')).toEqual(['app', 'db', 'web']);
  });

  test.each([
    'duplicate upstream "other" in /etc/nginx/hidden.conf:1',
    'host not found in upstream "app" in /etc/nginx/hidden.conf:1',
    'no servers are inside upstream in /etc/nginx/hidden.conf:1',
    'duplicate upstream "ap" in /etc/nginx/hidden.conf:1',
  ])('%s is about no pool', (message) => {
    expect(lab().memory.learnRefusal(message, texts)).toBe(false);
  });

  test('has an end: after as many as one label names, nginx has its word on all', () => {
    const names = Array.from({ length: 40 }, (_, index) => `p${String(index)}`);
    const many = { text: names.map((name) => `upstream ${name} {\n}\n`).join(''), streams: '' };
    const { memory } = lab();
    const learned = names.filter((name) => memory.learnRefusal(`duplicate upstream "${name}" in /x:1`, many));
    expect(learned).toHaveLength(32);
  });
});

function lab() {
  const memory = new StreamsMemory(path);
  const decide = (
    containers: readonly Container[],
    targets: readonly Target[],
    siteDigest: string,
    stale: Stale,
  ): ReturnType<StreamsMemory['decide']> => memory.decide(containers, circumstances, targets, { stale, siteDigest });
  return {
    memory,
    /** The pools that have somebody in. */
    inPools: async (
      containers: readonly Container[],
      targets: readonly Target[],
      siteDigest = 'site',
      stale: Stale = new Set(),
    ): Promise<readonly string[]> => {
      const { pools } = await decide(containers, targets, siteDigest, stale);
      return pools.filter(({ members }) => members.length > 0).map(({ name }) => name);
    },
    /** Those of these tcp pools that nginx does not get. */
    refused: async (
      names: readonly string[],
      siteDigest = 'site',
      stale: Stale = new Set(),
    ): Promise<readonly string[]> => {
      const containers = names.map((name) =>
        container({ name: `shop-${name}-1`, labels: { 'lb.pool': name, 'lb.protocol': 'tcp' } }),
      );
      const { pools } = await decide(containers, [], siteDigest, stale);
      return names.filter((name) => !pools.some((pool) => pool.name === name));
    },
  };
}
