import type { Pool } from './model.ts';
import type { NginxBuild } from './nginx-build.ts';
import { quoteName } from './quote.ts';
import { renderUpstream } from './render-upstream.ts';
import type { Block } from './render-upstream.ts';

/** The first line of streams.conf, and all of it where there is no tcp or udp pool. */
export const streamsHead =
  '# Written by lbwatch: tcp and udp pools. Include this file in a stream block, never in http; edits are put back.\n';

/**
 * A tcp or udp pool as an upstream of nginx's stream module. In an empty one stands a server that is `down`: nginx starts
 * with it, and closes each connection at once.
 */
export function renderStreamUpstream(pool: Pool, { stream }: NginxBuild): Block {
  // One zone's name serves one module (nginx, ngx_shared_memory_add); no pool's name has a dot.
  const zone = (stream?.zone ?? true) ? `lbwatch.stream.${quoteName(pool.name)}` : undefined;
  const placeholder = 'server 127.0.0.1:1 down;  # nobody is in: closes the connection';
  return renderUpstream(pool, { zone, placeholder, tail: [] });
}
