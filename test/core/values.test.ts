import { describe, expect, test } from '@jest/globals';

import {
  isHashKey,
  isPoolName,
  parseBackup,
  parseDurationS,
  parseInteger,
  parseMethod,
  parseNetwork,
  parsePoolEntries,
  parsePort,
} from '../../src/core/values.ts';
import type { Parsed } from '../../src/core/values.ts';

const valueOf = <T>(parsed: Parsed<T>): T | 'refused' => (parsed.ok ? parsed.value : 'refused');

describe('isPoolName', () => {
  test.each(['a', 'A', 'app', 'flaskappproxy', 'my-app_2', 'x-', 'a'.repeat(63), 'onward', 'truely', 'localhost2'])(
    'takes %j',
    (text) => {
      expect(isPoolName(text)).toBe(true);
    },
  );
  test.each([
    ...['', '1app', '-app', '_app', 'app.example', 'app:80', 'app app', 'app\n', 'äpp', 'аpp', 'a'.repeat(64)],
    ...['localhost', 'LocalHost', 'lbwatch', 'LBWATCH-x', 'true', 'False', 'YES', 'no', 'On', 'off', '::1', 'app$'],
  ])('refuses %j', (text) => {
    expect(isPoolName(text)).toBe(false);
  });
});

describe('parsePoolEntries', () => {
  test.each<[string, unknown]>([
    ['app', [{ pool: 'app', port: undefined }]],
    ['app:8000', [{ pool: 'app', port: 8000 }]],
    [
      'a , b:1,c',
      [
        { pool: 'a', port: undefined },
        { pool: 'b', port: 1 },
        { pool: 'c', port: undefined },
      ],
    ],
    [' a', 'refused'],
    ['a ', 'refused'],
    ['', 'refused'],
    [',', 'refused'],
    ['a,', 'refused'],
    ['a,,b', 'refused'],
    ['a b', 'refused'],
    ['a\t', 'refused'],
    ['a,\nb', 'refused'],
    ['a:', 'refused'],
    ['a: 80', 'refused'],
    ['a:080', 'refused'],
    ['a:65536', 'refused'],
    ['a:80:81', 'refused'],
    ['a,A', 'refused'],
    ['a:80,a:81', 'refused'],
    ['1.2.3.4:80', 'refused'],
  ])('%j', (text, expected) => {
    expect(valueOf(parsePoolEntries(text))).toEqual(expected);
  });

  test('takes 32 entries and no more', () => {
    const names = Array.from({ length: 33 }, (_, index) => `p${String(index)}`);
    expect(parsePoolEntries(names.slice(0, 32).join(',')).ok).toBe(true);
    expect(parsePoolEntries(names.join(','))).toEqual({ ok: false, expected: '32 entries at most' });
  });
});

test.each<[string, unknown]>([
  ['true', true],
  ['app:80', [{ pool: 'app', port: 80 }]],
  [
    'app,api',
    [
      { pool: 'app', port: undefined },
      { pool: 'api', port: undefined },
    ],
  ],
  ['TRUE', 'refused'],
  ['false', 'refused'],
  ['yes', 'refused'],
  ['1', 'refused'],
  ['', 'refused'],
  ['true,app', 'refused'],
])('parseBackup %j', (text, expected) => {
  expect(valueOf(parseBackup(text))).toEqual(expected);
});

test.each<[string, unknown]>([
  ['1', 1],
  ['80', 80],
  ['65535', 65_535],
  ['0', 'refused'],
  ['65536', 'refused'],
  ['99999999999999999999', 'refused'],
  ['', 'refused'],
  ['-1', 'refused'],
  ['+80', 'refused'],
  ['080', 'refused'],
  ['8e1', 'refused'],
  ['0x50', 'refused'],
  ['80.0', 'refused'],
  [' 80', 'refused'],
  ['80\n', 'refused'],
  ['８０', 'refused'],
  ['80/tcp', 'refused'],
])('parsePort %j', (text, expected) => {
  expect(valueOf(parsePort(text))).toBe(expected);
});

test('parseInteger keeps both bounds and says them', () => {
  expect(parseInteger('0', 0, 3)).toEqual({ ok: true, value: 0 });
  expect(parseInteger('3', 0, 3)).toEqual({ ok: true, value: 3 });
  expect(parseInteger('4', 0, 3)).toEqual({ ok: false, expected: 'a whole number from 0 to 3' });
  expect(parseInteger('00', 0, 3).ok).toBe(false);
});

test.each<[string, unknown]>([
  ['0', 0],
  ['0s', 0],
  ['45', 45],
  ['10s', 10],
  ['2m', 120],
  ['1h', 3600],
  ['1d', 86_400],
  ['7d', 604_800],
  ['604800', 604_800],
  ['604801', 'refused'],
  ['8d', 'refused'],
  ['500ms', 'refused'],
  ['1m30s', 'refused'],
  ['1 m', 'refused'],
  ['01s', 'refused'],
  ['1.5m', 'refused'],
  ['-1s', 'refused'],
  ['1S', 'refused'],
  ['s', 'refused'],
  ['', 'refused'],
  ['10s;', 'refused'],
  ['10s\n', 'refused'],
])('parseDurationS %j', (text, expected) => {
  expect(valueOf(parseDurationS(text))).toBe(expected);
});

test.each<[string, unknown]>([
  ['shop_default', 'shop_default'],
  ['a.b-c', 'a.b-c'],
  ['0', '0'],
  ['', 'refused'],
  ['_a', 'refused'],
  ['a b', 'refused'],
  ['a/b', 'refused'],
  ['a'.repeat(129), 'refused'],
])('parseNetwork %j', (text, expected) => {
  expect(valueOf(parseNetwork(text))).toBe(expected);
});

test.each<[string, unknown]>([
  ['round_robin', { kind: 'round_robin' }],
  ['least_conn', { kind: 'least_conn' }],
  ['ip_hash', { kind: 'ip_hash' }],
  ['hash $request_uri', { kind: 'hash', key: '$request_uri', consistent: false }],
  ['hash $host$uri consistent', { kind: 'hash', key: '$host$uri', consistent: true }],
  ['random', { kind: 'random', two: false }],
  ['random two', { kind: 'random', two: true }],
  ['random two least_conn', { kind: 'random', two: true }],
  ['', 'refused'],
  ['Round_Robin', 'refused'],
  ['ip_hash ', 'refused'],
  [' ip_hash', 'refused'],
  ['ip_hash;', 'refused'],
  ['least_conn two', 'refused'],
  ['hash', 'refused'],
  ['hash  $uri', 'refused'],
  ['hash $uri Consistent', 'refused'],
  ['hash $uri consistent more', 'refused'],
  ['hash uri', 'refused'],
  ['hash $uri\nserver 1.1.1.1', 'refused'],
  ['random three', 'refused'],
  ['random two least_time=header', 'refused'],
  ['random least_conn', 'refused'],
  ['sticky', 'refused'],
  ['constructor', 'refused'],
])('parseMethod %j', (text, expected) => {
  expect(valueOf(parseMethod(text))).toEqual(expected);
});

describe('isHashKey', () => {
  test.each(['$uri', '$host:$uri', '$remote_addr/$args', '-$uri-', '$cookie_a', '$arg_a_1', '$http_x_real_ip'])(
    'takes %j',
    (text) => {
      expect(isHashKey(text, 'http')).toBe(true);
    },
  );
  test.each([
    ...['', ':', 'uri', '$', '$$uri', '${uri}', '$uri;', '$uri x', '$upstream_addr', '$secret', '$http_', '$http_X'],
    ...['$uri#', '$uri"', "$uri'", '$uri\\', '$uri\n', '$arg_ä', '$1', `$uri${':'.repeat(256)}`],
  ])('refuses %j', (text) => {
    expect(isHashKey(text, 'http')).toBe(false);
  });
  test.each(['$remote_addr', '$binary_remote_addr:$server_port', '$ssl_preread_server_name', '$proxy_protocol_addr'])(
    'takes %j for tcp and udp',
    (text) => {
      expect([isHashKey(text, 'tcp'), isHashKey(text, 'udp')]).toEqual([true, true]);
    },
  );
  test.each(['$uri', '$host', '$cookie_a', '$http_x', '$arg_a', '$remote_addr;', '$upstream_addr', '$nope', ''])(
    'refuses %j for tcp and udp',
    (text) => {
      expect([isHashKey(text, 'tcp'), isHashKey(text, 'udp')]).toEqual([false, false]);
    },
  );
});
