import { expect, test } from '@jest/globals';

import type { Inspected } from './engine-api.ts';
import { foretell } from './oracle.ts';
import type { Circumstances } from './oracle.ts';

const circumstances: Circumstances = {
  project: 'shop',
  pools: ['alpha'],
  nginxNetworks: ['shop_default', 'shop_back'],
  controllerNetworks: ['shop_default'],
  drained: new Set(),
  moods: new Map(),
};

interface Spec {
  readonly name?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status?: string;
  readonly health?: string;
  readonly networks?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly env?: readonly string[];
}

function container({ name = 'm1', labels, status = 'running', health, networks, ports, env }: Spec): Inspected {
  return {
    Id: name.padEnd(64, '0'),
    Name: `/${name}`,
    Created: '2026-01-01T00:00:00Z',
    State: {
      Status: status,
      Pid: 1,
      StartedAt: '2026-01-01T00:00:00Z',
      Health: health === undefined ? null : { Status: health },
    },
    Config: {
      Hostname: name,
      Labels: { 'com.docker.compose.project': 'shop', ...labels },
      Env: [`SERVICE=${name}`, ...(env ?? [])],
      ExposedPorts: Object.fromEntries((ports ?? ['8000/tcp']).map((port) => [port, {}])),
    },
    NetworkSettings: {
      Networks: Object.fromEntries(
        Object.entries(networks ?? { shop_default: '10.0.0.1' }).map(([network, IPAddress]) => [
          network,
          { IPAddress },
        ]),
      ),
    },
  };
}

function served(containers: readonly Inspected[], change: Partial<Circumstances> = {}): readonly string[] {
  const members = foretell(containers, { ...circumstances, ...change }).get('alpha') ?? [];
  return members.map(({ address, standsBy }) => `${address}${standsBy ? ' stands by' : ''}`);
}

const alpha = { 'lb.pool': 'alpha' };

test('who is in, and at which address', () => {
  expect(served([container({ labels: alpha })])).toEqual(['10.0.0.1:8000']);
  expect(served([container({ labels: { 'lb.pool': 'beta, alpha:8001' } })])).toEqual(['10.0.0.1:8001']);
  expect(served([container({ labels: { ...alpha, 'lb.port': '9' } })])).toEqual(['10.0.0.1:9']);
  expect(served([container({ labels: alpha, ports: ['1/tcp', '2/tcp'] })])).toEqual([]);
  expect(served([container({ labels: alpha, ports: ['1/tcp', '2/tcp'], env: ['PORT=2'] })])).toEqual(['10.0.0.1:2']);
  const networks = { shop_default: '10.0.0.1', shop_back: '10.0.1.1', shop_third: '10.0.2.1' };
  expect(served([container({ labels: alpha, networks })])).toEqual(['10.0.1.1:8000']);
  expect(served([container({ labels: { ...alpha, 'lb.network': 'default' }, networks })])).toEqual(['10.0.0.1:8000']);
  expect(served([container({ labels: { ...alpha, 'lb.network': 'third' }, networks })])).toEqual([]);
});

test('who is not', () => {
  expect(served([container({ labels: alpha, status: 'paused' })])).toEqual([]);
  expect(served([container({ labels: { ...alpha, 'com.docker.compose.project': 'other' } })])).toEqual([]);
  expect(served([container({ labels: { ...alpha, 'com.docker.compose.oneoff': 'True' } })])).toEqual([]);
  expect(served([container({ labels: { ...alpha, 'lb.weight': 'heavy' } })])).toEqual([]);
  expect(served([container({ labels: { 'lb.pool': 'al pha;' } })])).toEqual([]);
  expect(served([container({ labels: alpha })], { drained: new Set(['m1'.padEnd(64, '0')]) })).toEqual([]);
});

test('backups stand by, and serve where no primary can', () => {
  const primary = container({ name: 'm1', labels: alpha, health: 'healthy' });
  const unwell = container({ name: 'm1', labels: alpha, health: 'unhealthy' });
  const backup = container({ name: 'm2', labels: { 'lb.backup': 'alpha' }, networks: { shop_default: '10.0.0.2' } });
  expect(served([primary, backup])).toEqual(['10.0.0.1:8000', '10.0.0.2:8000 stands by']);
  expect(served([unwell, backup])).toEqual(['10.0.0.2:8000']);
  expect(served([unwell])).toEqual(['10.0.0.1:8000']);
});

test('who fails its check is out while somebody else is well, unless nobody can ask it', () => {
  const well = container({ name: 'm2', labels: alpha, networks: { shop_default: '10.0.0.2' } });
  const checked = { ...alpha, 'lb.check': 'http:/health' };
  const moods = new Map([['m1', 'failing' as const]]);
  expect(served([container({ labels: checked }), well], { moods })).toEqual(['10.0.0.2:8000']);
  const far = container({ labels: checked, networks: { shop_back: '10.0.1.1' } });
  expect(served([far, well], { moods })).toEqual(['10.0.1.1:8000', '10.0.0.2:8000']);
});
