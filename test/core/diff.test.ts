import { describe, expect, test } from '@jest/globals';

import { decide } from '../../src/core/desired.ts';
import { diff } from '../../src/core/diff.ts';
import type { Container, Desired } from '../../src/core/model.ts';
import { readNginxBuild } from '../../src/core/nginx-build.ts';
import { container } from '../support/container.ts';
import { emptySite, includedStreams } from '../support/site.ts';

const member = (name: string, different: Partial<Container> = {}): Container =>
  container({ name, labels: { 'lb.pool': 'app' }, ...different });
const one = member('shop-app-1');
const two = member('shop-app-2', { attachments: [{ network: 'shop_default', address: '10.0.0.3' }] });
const spare = member('shop-spare-1', { labels: { 'lb.backup': 'app' } });

const desire = (containers: readonly Container[], declaredPools: readonly string[] = ['app']): Desired =>
  decide(containers, {
    scope: { kind: 'all' },
    reach: 'any',
    site: emptySite,
    streams: includedStreams,
    declaredPools,
    build: readNginxBuild('nginx version: nginx/1.26.3'),
    failOpen: true,
    ownReach: 'any',
    checks: false,
    departures: new Map(),
    lives: new Map(),
    nowMs: 0,
    standings: new Map(),
  });

describe('diff', () => {
  test('of equals is nothing', () => {
    expect(diff(desire([one, two]), desire([two, one]))).toEqual([]);
    expect(diff(desire([]), desire([]))).toEqual([]);
  });

  test('at the start everybody joins, and an empty pool appears', () => {
    expect(diff(undefined, desire([one, spare], ['app', 'none']))).toEqual([
      {
        pool: 'app',
        joined: [
          { container: 'shop-app-1', role: 'primary', address: '10.0.0.2:8000', reason: 'running' },
          { container: 'shop-spare-1', role: 'backup', address: '10.0.0.2:8000', reason: 'running; stands by' },
        ],
        left: [],
        primaries: 1,
        backups: 1,
      },
      { pool: 'none', joined: [], left: [], primaries: 0, backups: 0 },
    ]);
  });

  test('a join, and why', () => {
    expect(diff(desire([one]), desire([one, { ...two, health: 'healthy' }]))).toEqual([
      {
        pool: 'app',
        joined: [{ container: 'shop-app-2', role: 'primary', address: '10.0.0.3:8000', reason: 'healthy' }],
        left: [],
        primaries: 2,
        backups: 0,
      },
    ]);
  });

  test.each<[string, readonly Container[]]>([
    ['exited', [{ ...one, state: 'exited' }, two]],
    ['unhealthy', [{ ...one, health: 'unhealthy' }, two]],
    ['removed', [two]],
  ])('a leave, and why: %s', (reason, containers) => {
    expect(diff(desire([one, two]), desire(containers))).toEqual([
      {
        pool: 'app',
        joined: [],
        left: [{ container: 'shop-app-1', role: 'primary', address: '10.0.0.2:8000', reason }],
        primaries: 1,
        backups: 0,
      },
    ]);
  });

  test('a new address is a leave and a join', () => {
    const moved = { ...one, attachments: [{ network: 'shop_default', address: '10.0.0.9' }] };
    expect(diff(desire([one]), desire([moved]))).toMatchObject([
      {
        joined: [{ container: 'shop-app-1', address: '10.0.0.9:8000' }],
        left: [{ container: 'shop-app-1', address: '10.0.0.2:8000', reason: 'its place changed' }],
      },
    ]);
  });

  test('a member that came or went is told with the machine it is, or was, on', () => {
    const far = { ...two, node: 'worker-2' };
    expect(diff(desire([one]), desire([one, far]))).toMatchObject([{ joined: [{ node: 'worker-2' }] }]);
    expect(diff(desire([one, far]), desire([one]))).toMatchObject([
      { left: [{ node: 'worker-2', reason: 'removed' }] },
    ]);
  });

  test('one name on two machines is two members', () => {
    const here = { ...one, node: 'worker-1' };
    const there = { ...one, id: 'e'.repeat(64), node: 'worker-2' };
    expect(diff(desire([here, there]), desire([{ ...here, state: 'exited' }, there]))).toEqual([
      expect.objectContaining({
        joined: [],
        left: [expect.objectContaining({ container: 'shop-app-1', node: 'worker-1', reason: 'exited' })],
        primaries: 1,
      }),
    ]);
  });

  test('a container recreated under its name is another one', () => {
    const recreated = { ...one, id: 'e'.repeat(64) };
    expect(diff(desire([one]), desire([recreated]))).toMatchObject([
      { joined: [{ container: 'shop-app-1' }], left: [{ container: 'shop-app-1', reason: 'removed' }] },
    ]);
  });

  test('the last member leaves; then the pool is dropped', () => {
    expect(diff(desire([one]), desire([]))).toMatchObject([{ pool: 'app', left: [{}], primaries: 0, backups: 0 }]);
    expect(diff(desire([]), desire([], []))).toEqual([{ pool: 'app', joined: [], left: [], primaries: 0, backups: 0 }]);
  });

  test('pools come by name', () => {
    const names = diff(undefined, desire([], ['web', 'api', 'app'])).map(({ pool }) => pool);
    expect(names).toEqual(['api', 'app', 'web']);
  });
});
