import { describe, expect, test } from '@jest/globals';

import type { Member, Pool } from '../../src/core/model.ts';
import { readNginxBuild } from '../../src/core/nginx-build.ts';
import { render } from '../../src/core/render.ts';

const build = readNginxBuild('nginx version: nginx/1.26.3\n --with-http_stub_status_module');
const internal = { address: undefined, port: 9181 };
const member = (index: number, different: Partial<Member> = {}): Member => ({
  containerId: String(index),
  container: `shop-app-${String(index)}`,
  role: 'primary',
  standsBy: false,
  address: `10.0.${String(index >> 8)}.${String(index & 255)}:8000`,
  options: { weight: undefined, maxFails: undefined, failTimeoutS: undefined, maxConns: undefined },
  ...different,
});
const pool = (members: readonly Member[], different: Partial<Pool> = {}): Pool => ({
  name: 'app',
  protocol: 'http',
  method: { kind: 'round_robin' },
  keepalive: 32,
  members,
  ...different,
});
const digestOf = (pools: readonly Pool[], site = 'site'): string => render(pools, build, internal, site).digest;

describe('the text', () => {
  test('whole, once', () => {
    const { text, digest } = render([pool([member(1)])], build, internal, 'site');
    expect(text).toBe(`# Written by lbwatch; edits are put back. Label containers instead: lb.pool, lb.backup.

upstream app {
    zone lbwatch.app 512k;
    server 10.0.0.1:8000;  # shop-app-1
    keepalive 32;
}

server {
    listen 9181;
    access_log off;
    keepalive_timeout 0;
    default_type text/plain;
    location = /lbwatch/digest { return 200 "${digest}\\n"; }
    location = /lbwatch/version { return 200 "$nginx_version\\n"; }
    location = /lbwatch/stub_status {
        stub_status;
        allow 127.0.0.0/8;
        allow 10.0.0.0/8;
        allow 172.16.0.0/12;
        allow 192.168.0.0/16;
        deny all;
    }
    location / { return 404 "lbwatch: not found\\n"; }
}

server {
    listen 127.0.0.1:9182;
    access_log off;
    default_type text/plain;
    location / {
        add_header Retry-After 5 always;
        return 503 "No server is available for this pool right now.\\n";
    }
}
`);
  });

  test('without pools it is still a whole file', () => {
    const { text } = render([], build, internal, '');
    expect(text.match(/^\S.* \{$/gm)).toEqual(['server {', 'server {']);
  });

  test('listens where it is told, and leaves out stub_status where nginx has none', () => {
    const lean = readNginxBuild('nginx version: nginx/1.26.3');
    const { text } = render([pool([])], lean, { address: '127.0.0.1', port: 7000 }, '');
    expect(text).toContain('    listen 127.0.0.1:7000;\n');
    expect(text).toContain('    listen 127.0.0.1:7001;\n');
    expect(text).toContain('    server 127.0.0.1:7001;  # nobody is in: answers 503\n');
    expect(text).not.toContain('stub_status');
  });

  test('what was never parsed does not pass the door', () => {
    expect(() => render([pool([], { name: 'a;b' })], build, internal, '')).toThrow(TypeError);
    expect(() => render([pool([member(1, { address: 'evil' })])], build, internal, '')).toThrow(TypeError);
    const method = { kind: 'hash', key: '$x; y', consistent: false } as const;
    expect(() => render([pool([member(1)], { method })], build, internal, '')).toThrow(TypeError);
  });
});

describe('the digest', () => {
  const base = digestOf([pool([member(1), member(2)])]);

  test('is 64 hex digits, stands in the text, and depends on nothing else', () => {
    expect(base).toMatch(/^[0-9a-f]{64}$/);
    expect(digestOf([pool([member(1), member(2)])])).toBe(base);
    expect(render([pool([member(1), member(2)])], build, internal, 'site').text).toContain(base);
  });

  test('does not change with what nginx does not act on: names of containers, comments', () => {
    expect(digestOf([pool([member(1, { container: 'other' }), member(2, { containerId: 'x' })])])).toBe(base);
    expect(digestOf([pool([member(1, { container: '# ; }' }), member(2)])])).toBe(base);
  });

  test.each<[string, string]>([
    ['an address', digestOf([pool([member(1), member(3)])])],
    ['the order', digestOf([pool([member(2), member(1)])])],
    ['a backup', digestOf([pool([member(1), member(2, { standsBy: true })])])],
    ['an option', digestOf([pool([member(1), member(2, { options: { ...member(2).options, weight: 2 } })])])],
    ['a method', digestOf([pool([member(1), member(2)], { method: { kind: 'ip_hash' } })])],
    ['keepalive', digestOf([pool([member(1), member(2)], { keepalive: 1 })])],
    ['a pool', digestOf([pool([member(1), member(2)]), pool([], { name: 'b' })])],
    ['the site', digestOf([pool([member(1), member(2)])], 'other site')],
    ['the port', render([pool([member(1), member(2)])], build, { address: undefined, port: 1 }, 'site').digest],
    ['stub_status', render([pool([member(1), member(2)])], { ...build, stubStatus: false }, internal, 'site').digest],
  ])('changes with %s', (_, digest) => {
    expect(digest).not.toBe(base);
  });
});

describe('zones', () => {
  test.each([
    [0, '512k'],
    [1, '512k'],
    [256, '512k'],
    [257, '1024k'],
    [1000, '2048k'],
    [10_000, '32768k'],
  ])('of %d servers', (count, size) => {
    const members = Array.from({ length: count }, (_, index) => member(index + 1));
    expect(render([pool(members)], build, internal, '').text).toContain(`    zone lbwatch.app ${size};\n`);
  });
});
