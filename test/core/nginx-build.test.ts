import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { buildOfVersion, commonBuild, isAtLeast, readNginxBuild, unknownBuild } from '../../src/core/nginx-build.ts';

/** What `nginx -V` of Debian's packages printed. */
const outputOf = (file: string): string => readFileSync(path.join(import.meta.dirname, 'nginx-v', file), 'utf8');
const debianStream = {
  isDynamic: true,
  zone: true,
  methods: ['round_robin', 'least_conn', 'hash', 'random'],
  sslPreread: true,
};
const plain = { isDynamic: false, sslPreread: false };
const debianModules = ['http_realip_module', 'http_ssl_module'];
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
      sparesClients: version === '1.30.6',
      methods: everyMethod,
      variableModules: debianModules,
      stream: debianStream,
      pidPath: '/run/nginx.pid',
    });
  });

  test.each([
    ['http_stub_status', { stubStatus: false }],
    ['http_realip', { variableModules: ['http_ssl_module'] }],
    ['http_ssl', { variableModules: ['http_realip_module'] }],
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

  test.each([
    ['--with-stream', { ...debianStream, isDynamic: false, sslPreread: false }],
    ['--with-stream --with-stream_ssl_preread_module', { ...debianStream, isDynamic: false }],
    ['--with-stream=dynamic', { ...debianStream, sslPreread: false }],
    ['--with-stream --without-stream_upstream_zone_module', { ...debianStream, ...plain, zone: false }],
    [
      '--with-stream --without-stream_upstream_hash_module --without-stream_upstream_random_module',
      { ...debianStream, ...plain, methods: ['round_robin', 'least_conn'] },
    ],
    [
      '--with-stream --without-stream_upstream_least_conn_module',
      { ...debianStream, ...plain, methods: ['round_robin', 'hash', 'random'] },
    ],
    ['--with-stream_ssl_module', undefined],
    ['', undefined],
  ])('the stream module of %j', (options, stream) => {
    expect(readNginxBuild(`nginx version: nginx/1.26.3\nconfigure arguments: ${options}\n`).stream).toEqual(stream);
  });

  test('random came with 1.15.1', () => {
    expect(readNginxBuild('nginx version: nginx/1.15.0\n --with-stream\n').stream?.methods).not.toContain('random');
    expect(readNginxBuild('nginx version: nginx/1.15.0\n').methods).not.toContain('random');
    expect(readNginxBuild('nginx version: nginx/1.15.1\n').methods).toContain('random');
  });

  test('keepalive_min_timeout came with 1.27.4', () => {
    expect(readNginxBuild('nginx version: nginx/1.27.3\n').sparesClients).toBe(false);
    expect(readNginxBuild('nginx version: nginx/1.27.4\n').sparesClients).toBe(true);
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
      sparesClients: true,
      methods: ['round_robin', 'least_conn', 'ip_hash', 'random'],
      variableModules: [],
      // One without the module reads nothing of what is written for it.
      stream: debianStream,
      pidPath: undefined,
    });
    const weak = readNginxBuild('nginx version: nginx/1.14.2\n --with-stream --without-stream_upstream_hash_module\n');
    expect(commonBuild([one, weak]).stream).toEqual({
      isDynamic: true,
      zone: true,
      methods: ['round_robin', 'least_conn'],
      sslPreread: false,
    });
    expect(commonBuild([one, poor, old])).toMatchObject({
      version: undefined,
      methods: ['round_robin', 'least_conn', 'ip_hash'],
    });
  });
});

test('of one that has told its version only, no more is assumed than that it has', () => {
  expect(buildOfVersion('1.26.3')).toEqual({ ...unknownBuild, version: '1.26.3' });
  expect(buildOfVersion('1.27.4')).toEqual({ ...unknownBuild, version: '1.27.4', sparesClients: true });
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
