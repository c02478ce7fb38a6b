import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { decide } from '../../src/core/desired.ts';
import type { Circumstances } from '../../src/core/desired.ts';
import type { Container, Pool } from '../../src/core/model.ts';
import { readNginxBuild } from '../../src/core/nginx-build.ts';
import { render } from '../../src/core/render.ts';
import type { Rendered } from '../../src/core/render.ts';
import { namesFor } from '../../src/core/site.ts';
import { knownLabels } from '../../src/core/labels.ts';
import { anyCircumstances, anyContainers, hostileTexts } from '../support/arbitraries.ts';
import { container } from '../support/container.ts';
import { findNginx, refusalOf } from '../support/nginx-binary.ts';
import { emptySite, includedStreams } from '../support/site.ts';
import { parseNginx } from '../support/nginx-syntax.ts';
import type { Directive } from '../support/nginx-syntax.ts';

const internal = { address: undefined, port: 9181 };
const circumstances: Circumstances = {
  scope: { kind: 'projects', names: ['shop'] },
  reach: ['shop_default'],
  site: emptySite,
  streams: includedStreams,
  declaredPools: [],
  build: readNginxBuild(
    'nginx version: nginx/1.26.3\n --with-http_stub_status_module --with-stream --with-stream_ssl_preread_module',
  ),
  failOpen: true,
  ownReach: ['shop_default'],
  checks: false,
  departures: new Map(),
  lives: new Map(),
  nowMs: 0,
  standings: new Map(),
};
const write = (containers: readonly Container[], around: Circumstances): Rendered =>
  render(decide(containers, around).pools, around.build, internal, '');

/** What the upstream blocks of these pools must be, made from the pools alone. */
function shapeOf(pool: Pool, around: Circumstances): readonly string[] {
  const isHttp = pool.protocol === 'http';
  const hasZone = isHttp ? around.build.zone : (around.build.stream?.zone ?? true);
  const placeholder = isHttp ? 'server 127.0.0.1:9182' : 'server 127.0.0.1:1';
  const heads = [
    ...(hasZone ? ['zone'] : []),
    ...(pool.method.kind === 'round_robin' ? [] : [pool.method.kind]),
    ...(pool.members.length === 0 ? [placeholder] : pool.members.map(({ address }) => `server ${address}`)),
  ];
  const mayKeep = isHttp && around.build.keepalive && pool.members.length > 0;
  const isKept = pool.keepalive > 0 || around.build.version === '1.30.6';
  return mayKeep && isKept ? [...heads, `keepalive ${String(pool.keepalive)}`] : heads;
}

/** The same, read from the text: the first word of each directive, and the second where it says which. */
function shapeFrom(upstream: Directive): readonly string[] {
  return (upstream.block ?? []).map(({ words: [first = '', second = ''] }) =>
    first === 'server' || first === 'keepalive' ? `${first} ${second}` : first,
  );
}

function expectStructure(containers: readonly Container[], around: Circumstances): void {
  const { pools } = decide(containers, around);
  const { text, streams } = render(pools, around.build, internal, '');
  const all = parseNginx(text);
  const directives = around.build.sparesClients ? all.slice(1) : all;
  if (around.build.sparesClients) expect(all[0]?.words).toEqual(['keepalive_min_timeout', '3s']);
  const httpPools = pools.filter(({ protocol }) => protocol === 'http');
  const streamPools = pools.filter(({ protocol }) => protocol !== 'http');
  expectUpstreams(directives.slice(0, httpPools.length), httpPools, around);
  expectUpstreams(parseNginx(streams), streamPools, around);
  const withoutPools = parseNginx(render([], { ...around.build, sparesClients: false }, internal, '').text);
  const shapes = (block: readonly Directive[]): unknown =>
    block.map(({ words, block: inner }) => [words.length, words[0], inner && shapes(inner)]);
  expect(shapes(directives.slice(httpPools.length))).toEqual(shapes(withoutPools));
}

function expectUpstreams(directives: readonly Directive[], pools: readonly Pool[], around: Circumstances): void {
  expect(directives.map(({ words }) => words)).toEqual(pools.map(({ name }) => ['upstream', name]));
  expect(directives.map(shapeFrom)).toEqual(pools.map((pool) => shapeOf(pool, around)));
}

describe('decide and render', () => {
  test('any order of an inventory gives equal bytes, digest and explanations', () => {
    const shuffled = anyContainers.chain((containers) =>
      fc.tuple(
        fc.constant(containers),
        fc.shuffledSubarray([...containers], { minLength: containers.length, maxLength: containers.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, anyCircumstances, ([containers, others], around) => {
        const desired = decide(containers, around);
        expect(decide(others, around)).toEqual(desired);
        expect(render(decide(others, around).pools, around.build, internal, 'site')).toEqual(
          render(desired.pools, around.build, internal, 'site'),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('the order of labels, networks and ports within a container does not count', () => {
    fc.assert(
      fc.property(anyContainers, anyCircumstances, (containers, around) => {
        const turned = containers.map((one) => ({
          ...one,
          labels: Object.fromEntries(Object.entries(one.labels).reverse()),
          attachments: [...one.attachments].reverse(),
          exposedPorts: [...one.exposedPorts].reverse(),
        }));
        expect(decide(turned, around)).toEqual(decide(containers, around));
      }),
      { numRuns: 300 },
    );
  });

  test('no label, container name or network name adds, removes or changes a directive', () => {
    fc.assert(
      fc.property(anyContainers, anyCircumstances, (containers, around) => {
        expectStructure(containers, around);
      }),
      { numRuns: 500 },
    );
  });

  test('every container is explained, in and out agree with the pools, and texts are printable', () => {
    fc.assert(
      fc.property(anyContainers, anyCircumstances, (containers, around) => {
        const { pools, memberships, problems } = decide(containers, around);
        expect(new Set(memberships.map(({ containerId }) => containerId))).toEqual(
          new Set(containers.map(({ id }) => id)),
        );
        const served = pools.flatMap(({ name, members }) =>
          members.map(({ containerId, address }) => [name, containerId, address].join(' ')),
        );
        const explained = memberships
          .filter(({ state }) => state === 'in')
          .map(({ pool, containerId, address }) => [pool, containerId, address].join(' '));
        expect(explained.sort()).toEqual(served.sort());
        for (const text of [...memberships.map(({ reason }) => reason), ...problems.map(({ message }) => message)]) {
          expect(text).not.toMatch(/[^\P{C}]|[\u2028\u2029]/u);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('pools differ by more than case, and a conflict with the site is never written', () => {
    fc.assert(
      fc.property(anyContainers, anyCircumstances, (containers, around) => {
        const { pools } = decide(containers, around);
        for (const protocol of ['http', 'tcp'] as const) {
          const ofModule = pools.filter((pool) => (pool.protocol === 'http') === (protocol === 'http'));
          const names = ofModule.map(({ name }) => name.toLowerCase());
          expect(new Set(names).size).toBe(names.length);
          const { defined, namedWithPort } = namesFor(around.site, protocol);
          const taken = [...defined, ...namedWithPort].map((name) => name.toLowerCase());
          expect(names.filter((name) => taken.includes(name))).toEqual([]);
        }
        // One name is one pool for its members, whatever the site makes of it.
        const served = pools.filter(({ members }) => members.length > 0).map(({ name }) => name.toLowerCase());
        expect(new Set(served).size).toBe(served.length);
      }),
    );
  });

  test('no backup stands beside a method that refuses it, or alone', () => {
    fc.assert(
      fc.property(anyContainers, anyCircumstances, (containers, around) => {
        for (const { method, members } of decide(containers, around).pools) {
          const standing = members.filter(({ standsBy }) => standsBy).length;
          const refuses = !['round_robin', 'least_conn'].includes(method.kind);
          expect(standing === 0 || (!refuses && standing < members.length)).toBe(true);
        }
      }),
    );
  });
});

describe('hostile text', () => {
  const benign = container({ name: 'shop-good-1', id: 'f'.repeat(64), createdAt: 1, labels: { 'lb.pool': 'app' } });

  test.each(knownLabels)('in %s changes nothing for others, and nothing in the structure', (label) => {
    for (const text of hostileTexts) {
      const hostile = container({
        name: 'shop-bad-1',
        labels: { 'lb.pool': 'app', [label]: text },
        attachments: [{ network: 'shop_default', address: '10.0.0.66' }],
      });
      expectStructure([hostile], circumstances);
      expectStructure([benign, hostile], circumstances);
      expect(write([benign, hostile], circumstances).text).toContain('server 10.0.0.2:8000;  # shop-good-1\n');
      const { text: written, streams } = write([hostile], circumstances);
      expect(written + streams).not.toContain('6.6.6.6');
    }
  });

  test.each(knownLabels)('in %s of a tcp pool changes nothing for others, and nothing in the structure', (label) => {
    const db = { ...benign, labels: { ...benign.labels, 'lb.pool': 'db', 'lb.protocol': 'tcp' } };
    for (const text of hostileTexts) {
      const hostile = container({
        name: 'shop-bad-1',
        labels: { 'lb.pool': 'db', 'lb.protocol': 'tcp', [label]: text },
        attachments: [{ network: 'shop_default', address: '10.0.0.66' }],
      });
      expectStructure([hostile], circumstances);
      expectStructure([db, hostile], circumstances);
      expect(write([db, hostile], circumstances).streams).toContain('server 10.0.0.2:8000;  # shop-good-1\n');
      const { text: written, streams } = write([hostile], circumstances);
      expect(written + streams).not.toContain('6.6.6.6');
    }
  });

  test('as a container name stays out of the text', () => {
    for (const text of hostileTexts.filter((one) => /[^A-Za-z0-9_.-]/.test(one))) {
      const hostile = container({ name: text, labels: { 'lb.pool': 'app' } });
      expect(write([hostile], circumstances).text).toContain('server 10.0.0.2:8000;  # (name left out)\n');
      const tcp = { ...hostile, labels: { ...hostile.labels, 'lb.protocol': 'tcp' } };
      expect(write([tcp], circumstances).streams).toContain('server 10.0.0.2:8000;  # (name left out)\n');
    }
  });

  test('as a network name neither throws nor is written', () => {
    for (const text of hostileTexts) {
      const hostile = container({
        labels: { 'lb.pool': 'app' },
        attachments: [{ network: text, address: '10.0.0.2' }],
      });
      expectStructure([hostile], circumstances);
      expectStructure([hostile], { ...circumstances, reach: [text] });
    }
  });

  test('as a label name is a problem at most', () => {
    for (const text of hostileTexts) {
      const labels = { 'lb.pool': 'app', [`lb.${text}`]: text, [text]: text };
      expectStructure([container({ labels })], circumstances);
    }
  });
});

describe('a real nginx', () => {
  let nginx: Awaited<ReturnType<typeof findNginx>>;
  beforeAll(async () => {
    nginx = await findNginx();
  });

  test('accepts what arbitrary containers render', async () => {
    await fc.assert(
      fc.asyncProperty(anyContainers, anyCircumstances, async (containers, around) => {
        const { text, streams } = write(containers, { ...around, build: nginx.build });
        expect(await refusalOf(nginx.binary, text, streams)).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });
});
