import { expect } from '@jest/globals';

import { decide } from '../../src/core/desired.ts';
import type { Circumstances } from '../../src/core/desired.ts';
import type { Container, Method, Pool, ServerOptions } from '../../src/core/model.ts';
import { isAtLeast } from '../../src/core/nginx-build.ts';
import { render } from '../../src/core/render.ts';
import type { Directive, ForeignParser } from './foreign-parser.ts';

const internal = { address: undefined, port: 9181 };

/**
 * Has somebody else's parser read both generated files, and expects every upstream, server, parameter and directive, in
 * order, to be what the pools need, and nothing beside; and the two small servers to be as they are without any pool.
 */
export async function expectStructure(
  parser: ForeignParser,
  containers: readonly Container[],
  around: Circumstances,
): Promise<void> {
  const { pools } = decide(containers, around);
  const { text, streams } = render(pools, around.build, internal, '');
  expect(text + streams).toMatch(/^[\n -~]*$/);
  const directives = [...(await parser.parse(text))];
  if (around.build.sparesClients) expect(directives.shift()).toEqual({ words: ['keepalive_min_timeout', '3s'] });
  const httpPools = pools.filter(({ protocol }) => protocol === 'http');
  const streamPools = pools.filter(({ protocol }) => protocol !== 'http');
  const upstreams = directives.splice(0, httpPools.length);
  expect(upstreams).toEqual(httpPools.map((pool) => upstreamOf(pool, around)));
  expect(await parser.parse(streams)).toEqual(streamPools.map((pool) => upstreamOf(pool, around)));
  const bare = await parser.parse(render([], { ...around.build, sparesClients: false }, internal, '').text);
  expect(withoutDigest(directives)).toEqual(withoutDigest(bare));
}

/** What the block of this pool must be, made from the pool alone. */
function upstreamOf(pool: Pool, { build }: Circumstances): unknown {
  const isHttp = pool.protocol === 'http';
  const hasZone = isHttp ? build.zone : (build.stream?.zone ?? true);
  const zone = `lbwatch.${isHttp ? '' : 'stream.'}${pool.name}`;
  const size: unknown = expect.stringMatching(/^[1-9]\d*k$/);
  const placeholder = isHttp ? ['server', '127.0.0.1:9182'] : ['server', '127.0.0.1:1', 'down'];
  const mayKeep = isHttp && build.keepalive && pool.members.length > 0;
  const isSaid = pool.keepalive > 0 || (build.version !== undefined && isAtLeast(build.version, '1.29.7'));
  const lines = [
    ...(hasZone ? [['zone', zone, size]] : []),
    ...(pool.method.kind === 'round_robin' ? [] : [methodWords(pool.method)]),
    ...(pool.members.length === 0 ? [placeholder] : []),
    ...pool.members.map(({ address, options, standsBy }) => [
      'server',
      address,
      ...optionWords(options),
      ...(standsBy ? ['backup'] : []),
    ]),
    ...(mayKeep && isSaid ? [['keepalive', String(pool.keepalive)]] : []),
  ];
  return { words: ['upstream', pool.name], block: lines.map((words) => ({ words })) };
}

function methodWords(method: Method): readonly string[] {
  if (method.kind === 'hash') return ['hash', method.key, ...(method.consistent ? ['consistent'] : [])];
  return [method.kind, ...(method.kind === 'random' && method.two ? ['two'] : [])];
}

function optionWords({ weight, maxFails, failTimeoutS, maxConns }: ServerOptions): readonly string[] {
  return [
    ...(weight === undefined ? [] : [`weight=${String(weight)}`]),
    ...(maxFails === undefined ? [] : [`max_fails=${String(maxFails)}`]),
    ...(failTimeoutS === undefined ? [] : [`fail_timeout=${String(failTimeoutS)}s`]),
    ...(maxConns === undefined ? [] : [`max_conns=${String(maxConns)}`]),
  ];
}

function withoutDigest(directives: readonly Directive[]): unknown {
  return JSON.parse(JSON.stringify(directives).replaceAll(/[0-9a-f]{64}/g, 'DIGEST'));
}
