import { createHash } from 'node:crypto';

import type { Pool } from './model.ts';
import type { NginxBuild } from './nginx-build.ts';
import { renderEmptyServer, renderHttpUpstream, renderOwnServer, renderSparing } from './render-http.ts';
import type { InternalServer } from './render-http.ts';
import { isSameList } from './same-list.ts';
import { renderStreamUpstream, streamsHead } from './render-streams.ts';
import type { Block } from './render-upstream.ts';

/** The two generated files, which are written, restored and remembered together. */
export interface Texts {
  /** upstreams.conf, for the http block. */
  readonly text: string;
  /** streams.conf, for a stream block. */
  readonly streams: string;
}

export interface Rendered extends Texts {
  /** Hex SHA-256 of everything nginx acts on: comments left out, the site's own files in. */
  readonly digest: string;
}

/** What was written the last time. */
interface Known {
  readonly pools: readonly Pool[];
  readonly setting: string;
  readonly rendered: Rendered;
}

/** By the first pool: most passes find the pools as they were. */
const known = new WeakMap<Pool, Known>();

/**
 * Writes the generated files: the upstreams of both modules, and the two small http servers that answer for lbwatch and
 * for empty pools.
 *
 * Equal pools give equal bytes. `siteDigest` stands for the hand-written files, so that an edit there makes a new
 * digest, which a reload then acknowledges like any other change.
 */
export function render(
  pools: readonly Pool[],
  build: NginxBuild,
  internal: InternalServer,
  siteDigest: string,
): Rendered {
  const [first] = pools;
  const setting = JSON.stringify([build, internal, siteDigest]);
  const before = first && known.get(first);
  if (before?.setting === setting && isSameList(before.pools, pools)) return before.rendered;
  const rendered = renderAnew(pools, build, internal, siteDigest);
  if (first !== undefined) known.set(first, { pools, setting, rendered });
  return rendered;
}

function renderAnew(pools: readonly Pool[], build: NginxBuild, internal: InternalServer, siteDigest: string): Rendered {
  const sparing = renderSparing(build);
  const upstreams: Block[] = [];
  const streams: Block[] = [];
  for (const pool of pools) {
    if (pool.protocol === 'http') upstreams.push(renderHttpUpstream(pool, build, internal));
    else streams.push(renderStreamUpstream(pool, build));
  }
  const empty = renderEmptyServer(internal);
  const essence = [
    sparing,
    upstreams.map(({ digest }) => digest),
    streams.map(({ digest }) => digest),
    renderOwnServer('', build, internal),
    empty,
    siteDigest,
  ];
  const digest = createHash('sha256').update(JSON.stringify(essence)).digest('hex');
  const head = '# Written by lbwatch; edits are put back. Label containers instead: lb.pool, lb.backup.\n';
  return {
    text: [head, sparing, ...upstreams.map(({ text }) => text), renderOwnServer(digest, build, internal), empty]
      .filter(Boolean)
      .join('\n'),
    streams: [streamsHead, ...streams.map(({ text }) => text)].join('\n'),
    digest,
  };
}

/** Whether two states of the generated files are the same to the byte. */
export function isSame(one: Texts | undefined, other: Texts): boolean {
  return one?.text === other.text && one.streams === other.streams;
}
