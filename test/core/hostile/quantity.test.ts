import { describe, expect, test } from '@jest/globals';

import { decide } from '../../../src/core/desired.ts';
import type { Container } from '../../../src/core/model.ts';
import { render } from '../../../src/core/render.ts';
import { circumstances } from '../../support/circumstances.ts';
import { container, idOf } from '../../support/container.ts';
import { findNginx, refusalOf } from '../../support/nginx-binary.ts';

const internal = { address: undefined, port: 9181 };
const good = container({ name: 'shop-good-1', createdAt: 1, labels: { 'lb.pool': 'app' } });
const goodServer = 'server 10.0.0.2:8000;  # shop-good-1\n';

/** Younger than the good one, each with as many pools of its own as a label may name. */
const greedy = (count: number): readonly Container[] =>
  Array.from({ length: count }, (_, index) =>
    container({
      name: `shop-bad-${String(index)}`,
      id: idOf(String(index).padStart(6, '0')),
      createdAt: 2 + index,
      labels: { 'lb.pool': Array.from({ length: 32 }, (__, pool) => `p${String(index)}-${String(pool)}`).join(',') },
    }),
  );

describe('quantity', () => {
  test('labels make a thousand pools, those of the oldest; nginx takes them, and the rest are told', async () => {
    const { pools, memberships, problems } = decide([...greedy(40), good], circumstances);
    expect(pools).toHaveLength(1000);
    expect(pools.map(({ name }) => name)).toContain('app');
    expect(pools.map(({ name }) => name)).toContain('p30-31');
    expect(memberships.filter(({ state }) => state === 'out')).toHaveLength(40 * 32 + 1 - 1000);
    expect(problems).toHaveLength(40 * 32 + 1 - 1000);
    expect(problems[0]).toMatchObject({
      effect: 'out',
      label: 'lb.pool',
      message: expect.stringContaining('LBWATCH_POOLS'),
    });
    const nginx = await findNginx();
    const { text } = render(pools, nginx.build, internal, '');
    expect(text).toContain(goodServer);
    expect(await refusalOf(nginx.binary, text)).toBeUndefined();
  });

  test('pools that are declared or named by the site are no part of that, and one that is there can be joined', () => {
    const youngest = container({ name: 'shop-late-1', createdAt: 9999, labels: { 'lb.pool': 'app, declared' } });
    const around = { ...circumstances, declaredPools: ['declared'] };
    const { pools, memberships } = decide([...greedy(40), good, youngest], around);
    expect(pools).toHaveLength(1001);
    expect(memberships.filter(({ container: name, state }) => name === 'shop-late-1' && state === 'in')).toHaveLength(
      2,
    );
  });

  test('stopped containers make no more pools than that either', () => {
    const stopped = greedy(40).map((one) => ({ ...one, state: 'exited' as const }));
    expect(decide([...stopped, good], circumstances).pools).toHaveLength(1000);
  });

  test('ten thousand labels of one container are ten problems, and how many more there are', () => {
    const labels = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, index) => [`lb.x${String(index).padStart(5, '0')}`, 'y']),
    );
    for (const pool of [{ 'lb.pool': 'app' }, {}]) {
      const { problems, memberships } = decide(
        [good, container({ name: 'shop-bad-1', labels: { ...labels, ...pool } })],
        circumstances,
      );
      expect(problems).toHaveLength(11);
      expect(problems.at(-1)?.message).toBe('9990 more labels that begin with lb. are not labels of lbwatch');
      expect(memberships.find(({ container: name }) => name === 'shop-good-1')?.state).toBe('in');
    }
  });

  test('an over-long value is refused for its length, whatever is in it', () => {
    for (const text of ['a'.repeat(4097), ' '.repeat(1_000_000), 'app'.padEnd(5000, ',x')]) {
      const { problems } = decide(
        [good, container({ name: 'shop-bad-1', labels: { 'lb.pool': text } })],
        circumstances,
      );
      expect(problems).toMatchObject([
        { effect: 'out', message: expect.stringMatching(/write at most 4096 characters$/) },
      ]);
      expect(problems[0]?.message.length).toBeLessThan(1000);
    }
  });

  test('thousands of networks and ports are told in one line', () => {
    const attachments = Array.from({ length: 5000 }, (_, index) => ({
      network: `n${String(index)}`,
      address: undefined,
    }));
    const exposedPorts = Array.from({ length: 5000 }, (_, index) => ({ port: index + 1, protocol: 'tcp' as const }));
    const hostile = container({ name: 'shop-bad-1', attachments, exposedPorts, labels: { 'lb.pool': 'app' } });
    const { problems } = decide([good, hostile], circumstances);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message.length).toBeLessThan(500);
  });

  test('a weight that a consistent hash cannot bear is ignored, and its member served', async () => {
    const method = { 'lb.method': 'hash $uri consistent' };
    const labels = { 'lb.pool': 'app', ...method, 'lb.weight': '65535' };
    const hostile = Array.from({ length: 10 }, (_, index) =>
      container({
        name: `shop-bad-${String(index)}`,
        labels,
        attachments: [{ network: 'shop_default', address: `10.0.1.${String(index)}` }],
      }),
    );
    const light = container({ name: 'shop-light-1', labels: { ...labels, 'lb.weight': '100' } });
    const { pools, problems } = decide([good, ...hostile, light], circumstances);
    expect(problems.filter(({ label, effect }) => label === 'lb.weight' && effect === 'ignored')).toHaveLength(10);
    const nginx = await findNginx();
    const { text } = render(pools, nginx.build, internal, '');
    expect(text).toContain('server 10.0.1.0:8000;  # shop-bad-0\n');
    expect(text.match(/weight=\d+/g)).toEqual(['weight=100']);
    expect(await refusalOf(nginx.binary, text)).toBeUndefined();
    // Without `consistent` weights cost nothing.
    const plain = decide([container({ labels: { ...labels, 'lb.method': 'hash $uri' } })], circumstances);
    expect(plain.pools[0]?.members[0]?.options.weight).toBe(65_535);
  });
});
