import fc from 'fast-check';

import type { Circumstances } from '../../src/core/desired.ts';
import { knownLabels } from '../../src/core/labels.ts';
import type { Container } from '../../src/core/model.ts';
import type { Standing } from '../../src/core/probe.ts';
import { readNginxBuild } from '../../src/core/nginx-build.ts';
import { readCorpus } from '../core/hostile/corpus.ts';
import { idOf } from './container.ts';

/** What somebody might write to reach what is not theirs; the longest would only slow many runs. */
export const hostileTexts: readonly string[] = readCorpus()
  .map(({ text }) => text)
  .filter(({ length }) => length <= 5000);

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
  'lb.method': [
    'hash $remote_addr',
    'hash $ssl_preread_server_name:$server_port consistent',
    'round_robin',
    'least_conn',
    'ip_hash',
    'hash $uri',
    'hash $arg_a:$host consistent',
    'random two',
  ],
  'lb.keepalive': ['0', '1', '10000'],
  'lb.protocol': ['http', 'tcp', 'tcp', 'udp'],
  'lb.check': ['tcp', 'http:/healthz?a=b', 'docker', 'none'],
  'lb.check.interval': ['2s', '100ms'],
  'lb.check.timeout': ['1s', '10ms'],
  'lb.check.rise': ['1', '100'],
  'lb.check.fall': ['1', '100'],
  'lb.drain': ['30s', '1d'],
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

const anyId = fc.nat({ max: 7 }).map((index) => idOf(`container ${String(index)}`));
const anyDeparture = fc.record({
  kind: fc.constantFrom('signalled', 'ended', 'drained', 'withdrawn'),
  sinceMs: fc.integer({ min: 0, max: 2_000_000 }),
});

/** Answers for every key, and for the same key the same. */
class AnyStandings extends Map<string, Standing> {
  readonly #stream: Iterator<Standing>;

  constructor(stream: Iterator<Standing>) {
    super();
    this.#stream = stream;
  }

  override get(key: string): Standing | undefined {
    const known = super.get(key);
    if (known !== undefined) return known;
    const next = this.#stream.next();
    if (next.done === true) return undefined;
    this.set(key, next.value);
    return next.value;
  }
}

const anyNames = fc.record({
  defined: fc.subarray(['app', 'other']),
  named: fc.subarray(['api', 'web', 'Db']),
  namedWithPort: fc.subarray(['web']),
});

export const anyCircumstances: fc.Arbitrary<Circumstances> = fc.record({
  scope: fc.constantFrom({ kind: 'all' as const }, { kind: 'projects' as const, names: ['shop'] }),
  reach: fc.oneof(fc.constant('any' as const), fc.subarray(['shop_front', 'shop_back', 'edge'])),
  site: fc.record({ http: anyNames, stream: anyNames, sparesClients: fc.boolean() }),
  streams: fc.record({
    path: fc.constant('/etc/nginx/lbwatch/streams.conf'),
    isIncluded: fc.boolean(),
    refusals: fc.subarray(['app', 'api']).map((names) => new Map(names.map((name) => [name, 'its words']))),
  }),
  declaredPools: fc.subarray(['app', 'declared']),
  build: fc.constantFrom(
    readNginxBuild('nginx version: nginx/1.22.1\n --with-http_stub_status_module --with-stream'),
    readNginxBuild('nginx version: nginx/1.14.0\n --without-http_upstream_zone_module'),
    readNginxBuild('nginx version: nginx/1.14.0\n --with-stream=dynamic --without-stream_upstream_zone_module'),
    readNginxBuild(
      'nginx version: nginx/1.30.6\n --without-http_upstream_least_conn_module --without-http_upstream_keepalive_module',
    ),
  ),
  failOpen: fc.boolean(),
  ownReach: fc.oneof(fc.constant('any' as const), fc.subarray(['shop_front', 'shop_back', 'edge'])),
  checks: fc.boolean(),
  departures: fc.array(fc.tuple(anyId, anyDeparture), { maxLength: 3 }).map((entries) => new Map(entries)),
  lives: fc.array(fc.tuple(anyId, fc.integer({ min: 1 })), { maxLength: 3 }).map((entries) => new Map(entries)),
  nowMs: fc.integer({ min: 0, max: 2_000_000 }),
  // Keys are made of what the containers are; a map that answers for any of them stands for all.
  standings: fc
    .infiniteStream(
      fc.record({
        state: fc.constantFrom('pending', 'passing', 'failing', 'refused'),
        why: fc.constant('because'),
        hasPassed: fc.boolean(),
        successes: fc.nat(),
        failures: fc.nat(),
      }),
    )
    .map((stream) => new AnyStandings(stream)),
});
