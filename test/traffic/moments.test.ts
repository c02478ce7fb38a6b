import { expect, test } from '@jest/globals';

import { readMoments } from './moments.ts';

test.each([
  ['kill', { signal: '15' }, 'leaves'],
  ['kill', { signal: 'SIGKILL' }, 'leaves'],
  ['kill', { signal: '1' }, undefined],
  ['die', {}, 'leaves'],
  ['pause', {}, 'leaves'],
  ['health_status: unhealthy', {}, 'leaves'],
  ['start', {}, 'joins'],
  ['unpause', {}, 'joins'],
  ['health_status: healthy', {}, 'joins'],
  ['stop', {}, undefined],
  ['exec_start: test ! -e /tmp/unhealthy', {}, undefined],
])('%s %j: %s', (action, attributes, kind) => {
  const moments = readMoments([line(action, 1.5, { ...attributes, ...of('app') })], ['app']);
  expect(moments).toEqual(kind === undefined ? [] : [{ kind, hostname: '0123456789ab', atMs: 1500 }]);
});

test('of other services nothing is told; the rest is in order', () => {
  const lines = [line('die', 3, of('app')), line('start', 1, of('app')), line('die', 2, of('lbwatch'))];
  expect(readMoments(lines, ['app']).map(({ kind, atMs }) => `${kind} ${String(atMs)}`)).toEqual([
    'joins 1000',
    'leaves 3000',
  ]);
});

function line(action: string, seconds: number, attributes: Readonly<Record<string, string>>): string {
  const Actor = { ID: '0123456789abcdef', Attributes: attributes };
  return JSON.stringify({ Type: 'container', Action: action, Actor, timeNano: seconds * 1e9 });
}

function of(service: string): Readonly<Record<string, string>> {
  return { 'com.docker.compose.service': service };
}
