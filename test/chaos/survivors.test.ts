import { expect, test } from '@jest/globals';

import type { Look } from './compare.ts';
import type { Expected } from './oracle.ts';
import { listProtectedPools, takesNginx } from './survivors.ts';

const member: Expected = {
  container: 'shop-m1',
  hostname: 'aaa',
  role: 'primary',
  standsBy: false,
  address: '10.0.0.1:8000',
  weight: 1,
};

function lookAt(member: Expected, startedAt = '1'): Look {
  return {
    containers: [
      {
        Id: 'aaa',
        Name: '/shop-m1',
        Created: '',
        State: { Status: 'running', Pid: 1, StartedAt: startedAt, Health: null },
        Config: { Hostname: 'aaa', Labels: { 'com.docker.compose.service': 'm1' }, Env: [], ExposedPorts: {} },
        NetworkSettings: { Networks: {} },
      },
    ],
    truth: new Map([['alpha', [member]]]),
    differences: [],
  };
}

test('a pool is protected by somebody who was there all the time', () => {
  const before = lookAt(member);
  const well = new Map();
  expect(listProtectedPools(before, before, [{ kind: 'stop', slot: 'm2' }], well)).toEqual(['alpha']);
  // Touched, another life, another place, behind others, or unwell.
  expect(listProtectedPools(before, before, [{ kind: 'restart', slot: 'm1' }], well)).toEqual([]);
  expect(listProtectedPools(before, lookAt(member, '2'), [], well)).toEqual([]);
  expect(listProtectedPools(before, lookAt({ ...member, address: '10.0.0.9:8000' }), [], well)).toEqual([]);
  expect(listProtectedPools(before, lookAt({ ...member, standsBy: true }), [], well)).toEqual([]);
  expect(listProtectedPools(before, before, [], new Map([['m1', 'hanging']]))).toEqual([]);
});

test('an engine takes nginx along unless containers outlive it', () => {
  const stopped = { kind: 'engine stopped', afterMs: 0, offMs: 0, victim: 'm1' } as const;
  expect(takesNginx(stopped, false)).toBe(true);
  expect(takesNginx(stopped, true)).toBe(false);
  expect(takesNginx({ kind: 'nginx killed' }, true)).toBe(true);
  expect(takesNginx({ kind: 'directory lost' }, false)).toBe(false);
  expect(takesNginx(undefined, false)).toBe(false);
});
