import type { Pool } from './model.ts';
import { isAtLeast } from './nginx-build.ts';
import type { NginxBuild } from './nginx-build.ts';
import { quoteInteger, quoteName } from './quote.ts';
import { renderUpstream } from './render-upstream.ts';
import type { Block } from './render-upstream.ts';

/** Where the generated file's own two servers listen. */
export interface InternalServer {
  /** Undefined listens on every IPv4 address, for a controller in another container. */
  readonly address: string | undefined;
  /** The answers of lbwatch's own; the port after it answers for empty pools, on loopback only. */
  readonly port: number;
}

/** The seconds an empty pool asks clients to wait. */
const retryAfterS = 5;

const sinceKeepaliveByDefault = '1.29.7';

/** Measured: no busy keep-alive client is reset by a reload then. */
const keepaliveMinTimeoutS = 3;

/** What spares keep-alive clients at reloads (nginx docs, ngx_http_core_module, `keepalive_min_timeout`); empty where nothing does. */
export function renderSparing({ sparesClients }: NginxBuild): string {
  if (!sparesClients) return '';
  return `# A reload closes client connections that are idle just then; this spares those that are about to be used.
keepalive_min_timeout ${String(keepaliveMinTimeoutS)}s;
`;
}

/** One http pool. */
export function renderHttpUpstream(pool: Pool, build: NginxBuild, internal: InternalServer): Block {
  const isKept = pool.members.length > 0 && mayWriteKeepalive(pool.keepalive, build);
  return renderUpstream(pool, {
    zone: build.zone ? `lbwatch.${quoteName(pool.name)}` : undefined,
    placeholder: `server 127.0.0.1:${quoteInteger(internal.port + 1)};  # nobody is in: answers 503`,
    // The balancing method must stand before keepalive (nginx docs, ngx_http_upstream_module).
    tail: isKept ? [`keepalive ${quoteInteger(pool.keepalive)};`] : [],
  });
}

/** None is said by silence, which nginx since 1.29.7 takes for 32; only since then does it take a 0 (`nginx -t`). */
function mayWriteKeepalive(keepalive: number, build: NginxBuild): boolean {
  if (!build.keepalive) return false;
  return keepalive > 0 || (build.version !== undefined && isAtLeast(build.version, sinceKeepaliveByDefault));
}

/**
 * The answers of lbwatch's own: the digest, nginx's version (for an lbwatch that cannot run `nginx -V`) and its counters. `return` with a text runs before access rules and is
 * not replaced by an `error_page` of the http block, so nothing a site sets there changes them.
 */
export function renderOwnServer(digest: string, build: NginxBuild, internal: InternalServer): string {
  const listen = internal.address === undefined ? '' : `${internal.address}:`;
  const stubStatus = `
    location = /lbwatch/stub_status {
        stub_status;
        allow 127.0.0.0/8;
        allow 10.0.0.0/8;
        allow 172.16.0.0/12;
        allow 192.168.0.0/16;
        deny all;
    }`;
  return `server {
    listen ${listen}${quoteInteger(internal.port)};
    access_log off;
    keepalive_timeout 0;
    default_type text/plain;
    location = /lbwatch/digest { return 200 "${digest}\\n"; }
    location = /lbwatch/version { return 200 "$nginx_version\\n"; }${build.stubStatus ? stubStatus : ''}
    location / { return 404 "lbwatch: not found\\n"; }
}
`;
}

/** The answers for empty pools. */
export function renderEmptyServer(internal: InternalServer): string {
  return `server {
    listen 127.0.0.1:${quoteInteger(internal.port + 1)};
    access_log off;
    default_type text/plain;
    location / {
        add_header Retry-After ${String(retryAfterS)} always;
        return 503 "No server is available for this pool right now.\\n";
    }
}
`;
}
