import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { commonBuild, isAtLeast, readNginxBuild, unknownBuild } from '../../src/core/nginx-build.ts';

/** What `nginx -V` of Debian's packages printed. */
const outputOf = (file: string): string => readFileSync(path.join(import.meta.dirname, 'nginx-v', file), 'utf8');
const everyMethod = ['round_robin', 'least_conn', 'ip_hash', 'hash', 'random'];

describe('readNginxBuild', () => {
  test.each([
    ['debian-1.22.1.txt', '1.22.1'],
    ['debian-1.26.3.txt', '1.26.3'],
    ['debian-1.30.6.txt', '1.30.6'],
  ])('reads %s', (file, version) => {
    expect(readNginxBuild(outputOf(file))).toEqual({
      version,
      stubStatus: true,
      zone: true,
      keepalive: true,
      methods: everyMethod,
      pidPath: '/run/nginx.pid',
    });
  });

  test.each([
    ['http_stub_status', { stubStatus: false }],
    ['http_upstream_zone', { zone: false }],
    ['http_upstream_keepalive', { keepalive: false }],
    ['http_upstream_least_conn', { methods: ['round_robin', 'ip_hash', 'hash', 'random'] }],
    ['http_upstream_ip_hash', { methods: ['round_robin', 'least_conn', 'hash', 'random'] }],
    ['http_upstream_hash', { methods: ['round_robin', 'least_conn', 'ip_hash', 'random'] }],
    ['http_upstream_random', { methods: ['round_robin', 'least_conn', 'ip_hash', 'hash'] }],
  ])('a build without %s', (module, different) => {
    const output = outputOf('debian-1.26.3.txt');
    const without = output
      .replace(`--with-${module}_module `, '')
      .replace('--with-compat', `--with-compat --without-${module}_module`);
    expect(readNginxBuild(without)).toEqual({ ...readNginxBuild(output), ...different });
  });

  test('random came with 1.15.1', () => {
    expect(readNginxBuild('nginx version: nginx/1.15.0\n').methods).not.toContain('random');
    expect(readNginxBuild('nginx version: nginx/1.15.1\n').methods).toContain('random');
  });

  test('reads the version of those built upon nginx, and none where there is none', () => {
    expect(readNginxBuild('nginx version: openresty/1.25.3.1\n').version).toBe('1.25.3');
    expect(readNginxBuild('nginx version: nginx/1.24.0 (Ubuntu)\n').version).toBe('1.24.0');
    expect(readNginxBuild('sh: nginx: not found\n').version).toBeUndefined();
  });
});

describe('commonBuild', () => {
  const one = readNginxBuild(outputOf('debian-1.30.6.txt'));

  test('of none is what every nginx has; of one is itself', () => {
    expect(commonBuild([])).toBe(unknownBuild);
    expect(commonBuild([one])).toBe(one);
  });

  test('of several is what all have', () => {
    const poor = readNginxBuild(
      'nginx version: nginx/1.30.6\nconfigure arguments: --without-http_upstream_hash_module --without-http_upstream_zone_module\n',
    );
    const old = readNginxBuild('nginx version: nginx/1.14.2\n --with-http_stub_status_module\n');
    expect(commonBuild([one, poor])).toEqual({
      version: '1.30.6',
      stubStatus: false,
      zone: false,
      keepalive: true,
      methods: ['round_robin', 'least_conn', 'ip_hash', 'random'],
      pidPath: undefined,
    });
    expect(commonBuild([one, poor, old])).toMatchObject({
      version: undefined,
      methods: ['round_robin', 'least_conn', 'ip_hash'],
    });
  });
});

test.each([
  ['1.26.3', '1.26.3', true],
  ['1.26.10', '1.26.9', true],
  ['1.9.0', '1.15.1', false],
  ['1.29.6', '1.29.7', false],
  ['1.30.0', '1.29.7', true],
  ['2.0.0', '1.99.99', true],
  ['1.30', '1.30.0', true],
])('isAtLeast(%s, %s) is %s', (version, least, expected) => {
  expect(isAtLeast(version, least)).toBe(expected);
});
