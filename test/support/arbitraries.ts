import fc from 'fast-check';

import type { Circumstances } from '../../src/core/desired.ts';
import { knownLabels } from '../../src/core/labels.ts';
import type { Container } from '../../src/core/model.ts';
import { readNginxBuild } from '../../src/core/nginx-build.ts';
import { idOf } from './container.ts';

/** What somebody might write into a label to reach what is not theirs. */
export const hostileTexts: readonly string[] = [
  '',
  ' ',
  ';',
  '}',
  '{',
  '#',
  '"',
  "'",
  '\\',
  '\n',
  '\r\n',
  '\0',
  '$',
  '${host}',
  '$upstream_addr',
  'app;',
  'app; server 6.6.6.6:80',
  'app } server { listen 666; ',
  'app\n}\nserver {\n    listen 666;\n}\nupstream x {',
  'app # ',
  'app\t',
  ' app',
  'app"; return 200 "',
  "app'; return 200 '",
  'app\\',
  'app\\;',
  'app\u0000',
  'app\u2028server 6.6.6.6;',
  'app\u202e',
  'app\u200b',
  '\u0430pp',
  '\uff41pp',
  'a\u0301pp',
  'app\ud800',
  'unix:/var/run/docker.sock',
  '6.6.6.6',
  '6.6.6.6:80',
  '[::1]:80',
  'localhost',
  'lbwatch',
  'LOCALHOST',
  'example.com',
  'app:80;',
  'app:80 backup',
  'app:0x50',
  'app:99999999999999999999',
  'app:-1',
  'app:1e2',
  'app:８０',
  '1e3',
  '0x10',
  '-1',
  '+1',
  '1.5',
  '١',
  'NaN',
  '999999999999',
  '10s; keepalive 9',
  'hash $request_uri; zone x 1m',
  'hash "$request_uri"',
  'hash ${request_uri}',
  'hash $uri\nserver 6.6.6.6:80',
  'hash $uri consistent backup',
  'hash $http_x;',
  'hash $http_X',
  'hash $arg_',
  'hash /',
  'random two;',
  'random two least_time=header',
  'include /etc/passwd',
  '__proto__',
  'constructor',
  'true',
  'true;',
  'app,'.repeat(40),
  'a'.repeat(64),
  'a'.repeat(100_000),
  `hash ${'$uri'.repeat(100)}`,
];

const anyText = fc.oneof(
  fc.constantFrom(...hostileTexts),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 40 }),
);

/** What is written as intended. */
const goodTexts: Readonly<Record<(typeof knownLabels)[number], readonly string[]>> = {
  'lb.pool': ['app', 'api', 'app:8000', 'app, api:9000', 'App'],
  'lb.backup': ['app', 'true', 'web', 'api'],
  'lb.port': ['8000', '1', '65535'],
  'lb.network': ['front', 'shop_front', 'back'],
  'lb.weight': ['1', '65535'],
  'lb.max_fails': ['0', '3'],
  'lb.fail_timeout': ['0', '10s', '7d'],
  'lb.max_conns': ['0', '1000000'],
  'lb.method': ['round_robin', 'least_conn', 'ip_hash', 'hash $uri', 'hash $arg_a:$host consistent', 'random two'],
  'lb.keepalive': ['0', '1', '10000'],
  'lb.protocol': ['http'],
  'lb.nginx': ['true'],
};

/** Labels of which some are as intended, some hostile, some unknown. */
const labels = fc
  .tuple(
    fc.record(
      Object.fromEntries(
        knownLabels.map((name) => [
          name,
          fc.oneof({ arbitrary: fc.constantFrom(...goodTexts[name]), weight: 4 }, { arbitrary: anyText, weight: 1 }),
        ]),
      ),
      { requiredKeys: [] },
    ),
    fc.dictionary(fc.oneof(fc.constantFrom('lb.', 'lb.;', 'lb.poool', '__proto__'), anyText), anyText, { maxKeys: 2 }),
    fc.constantFrom('shop', 'blog', undefined),
    fc.constantFrom('app', 'api', 'db'),
    fc.constantFrom(undefined, undefined, undefined, 'com.docker.compose.hook', 'com.docker.compose.oneoff'),
  )
  .map(([known, others, project, service, special]) => ({
    ...others,
    ...known,
    ...(project === undefined ? {} : { 'com.docker.compose.project': project, 'com.docker.compose.service': service }),
    ...(special === undefined ? {} : { [special]: 'True' }),
  }));

const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant(undefined));

const containerBody = fc.record({
  createdAt: fc.integer({ min: 1, max: 4 }),
  name: fc.oneof(fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,20}$/), anyText),
  state: fc.oneof(
    { arbitrary: fc.constant('running' as const), weight: 6 },
    fc.constantFrom('created', 'paused', 'restarting', 'removing', 'exited', 'dead'),
  ),
  health: fc.constantFrom('none', 'starting', 'healthy', 'unhealthy'),
  labels,
  attachments: fc.uniqueArray(
    fc.record({ network: fc.oneof(fc.constantFrom('shop_front', 'shop_back', 'edge'), anyText), address }),
    { selector: ({ network }) => network, maxLength: 3 },
  ),
  exposedPorts: fc.array(
    fc.record({ port: fc.integer({ min: 1, max: 65_535 }), protocol: fc.constantFrom('tcp', 'udp', 'sctp') }),
    { maxLength: 3 },
  ),
  portVariable: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
});

/** Containers as an engine could list them: ids differ, everything else may be anything. */
export const anyContainers: fc.Arbitrary<readonly Container[]> = fc
  .array(containerBody, { maxLength: 8 })
  .map((bodies) => bodies.map((body, index): Container => ({ ...body, id: idOf(`container ${String(index)}`) })));

export const anyCircumstances: fc.Arbitrary<Circumstances> = fc.record({
  scope: fc.constantFrom({ kind: 'all' as const }, { kind: 'projects' as const, names: ['shop'] }),
  reach: fc.oneof(fc.constant('any' as const), fc.subarray(['shop_front', 'shop_back', 'edge'])),
  site: fc.record({
    defined: fc.subarray(['app', 'other']),
    named: fc.subarray(['api', 'web', 'Db']),
    namedWithPort: fc.subarray(['web']),
  }),
  declaredPools: fc.subarray(['app', 'declared']),
  build: fc.constantFrom(
    readNginxBuild('nginx version: nginx/1.22.1\n --with-http_stub_status_module'),
    readNginxBuild('nginx version: nginx/1.14.0\n --without-http_upstream_zone_module'),
    readNginxBuild(
      'nginx version: nginx/1.30.6\n --without-http_upstream_least_conn_module --without-http_upstream_keepalive_module',
    ),
  ),
  failOpen: fc.boolean(),
});
