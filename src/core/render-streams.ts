import type { Pool } from './model.ts';
import type { NginxBuild } from './nginx-build.ts';
import { quoteName } from './quote.ts';
import { renderUpstream } from './render-upstream.ts';

/** The first line of streams.conf, and all of it where there is no tcp or udp pool. */
export const streamsHead =
  '# Written by lbwatch: tcp and udp pools. Include this file in a stream block, never in http; edits are put back.\n';

/**
 * The tcp and udp pools as upstreams of nginx's stream module. In an empty one stands a server that is `down`: nginx
 * starts with it, and closes each connection at once.
 */
export function renderStreams(pools: readonly Pool[], { stream }: NginxBuild): string {
  const hasZone = stream?.zone ?? true;
  return pools
    .map((pool) => {
      // One zone's name serves one module (nginx, ngx_shared_memory_add); no pool's name has a dot.
      const zone = hasZone ? `lbwatch.stream.${quoteName(pool.name)}` : undefined;
      const placeholder = 'server 127.0.0.1:1 down;  # nobody is in: closes the connection';
      return renderUpstream(pool, { zone, placeholder, tail: [] });
    })
    .join('\n');
}
