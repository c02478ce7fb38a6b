import { createHash } from 'node:crypto';

import type { Member, Method, Pool, ServerOptions } from './model.ts';
import { isAtLeast } from './nginx-build.ts';
import type { NginxBuild } from './nginx-build.ts';
import { quoteAddress, quoteComment, quoteHashKey, quoteInteger, quoteName } from './quote.ts';

/** Where the generated file's own two servers listen. */
export interface InternalServer {
  /** Undefined listens on every IPv4 address, for a controller in another container. */
  readonly address: string | undefined;
  /** The answers of lbwatch's own; the port after it answers for empty pools, on loopback only. */
  readonly port: number;
}

export interface Rendered {
  readonly text: string;
  /** Hex SHA-256 of everything nginx acts on: comments left out, the site's own files in. */
  readonly digest: string;
}

/** The seconds an empty pool asks clients to wait. */
const retryAfterS = 5;

/** Eight pages of 64 KiB, the least a zone may have on any machine; untouched pages cost nothing. */
const leastZoneKiB = 512;
const sinceKeepaliveByDefault = '1.29.7';

/** Measured: nginx keeps 0.5 to 0.8 kB a server. */
const zoneKiBPerServer = 1;

/**
 * Writes the generated file: the upstreams, and the two small servers that answer for lbwatch and for empty pools.
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
  const upstreams = pools.map((pool) => renderUpstream(pool, build, internal)).join('\n');
  const empty = renderEmptyServer(internal);
  const essence = [upstreams, renderOwnServer('', build, internal), empty, siteDigest].join('\n');
  const digest = createHash('sha256').update(withoutComments(essence)).digest('hex');
  const head = '# Written by lbwatch; edits are put back. Label containers instead: lb.pool, lb.backup.\n';
  return {
    text: [head, upstreams, renderOwnServer(digest, build, internal), empty].filter(Boolean).join('\n'),
    digest,
  };
}

function renderUpstream(pool: Pool, build: NginxBuild, internal: InternalServer): string {
  const name = quoteName(pool.name);
  const lines = [
    ...(build.zone ? [`zone ${name} ${String(zoneKiB(pool.members.length))}k;`] : []),
    ...renderMethod(pool.method),
    // A placeholder stands alone or not at all: beside real members it would end nginx's mercy for a single server.
    ...(pool.members.length === 0
      ? [`server 127.0.0.1:${quoteInteger(internal.port + 1)};  # nobody is in: answers 503`]
      : pool.members.map(renderServer)),
    // The balancing method must stand before keepalive (nginx docs, ngx_http_upstream_module).
    ...(pool.members.length > 0 && mayWriteKeepalive(pool.keepalive, build)
      ? [`keepalive ${quoteInteger(pool.keepalive)};`]
      : []),
  ];
  return `upstream ${name} {\n${lines.map((line) => `    ${line}\n`).join('')}}\n`;
}

/** None is said by silence, which nginx since 1.29.7 takes for 32; only since then does it take a 0 (`nginx -t`). */
function mayWriteKeepalive(keepalive: number, build: NginxBuild): boolean {
  if (!build.keepalive) return false;
  return keepalive > 0 || (build.version !== undefined && isAtLeast(build.version, sinceKeepaliveByDefault));
}

function renderMethod(method: Method): readonly string[] {
  switch (method.kind) {
    case 'round_robin':
      return [];
    case 'least_conn':
    case 'ip_hash':
      return [`${method.kind};`];
    case 'hash':
      return [`hash ${quoteHashKey(method.key)}${method.consistent ? ' consistent' : ''};`];
    case 'random':
      return [method.two ? 'random two;' : 'random;'];
  }
}

function renderServer(member: Member): string {
  const words = [
    quoteAddress(member.address),
    ...renderOptions(member.options),
    ...(member.standsBy ? ['backup'] : []),
  ];
  return `server ${words.join(' ')};  # ${quoteComment(member.container)}`;
}

function renderOptions(options: ServerOptions): readonly string[] {
  const { weight, maxFails, failTimeoutS, maxConns } = options;
  return [
    weight === undefined ? '' : `weight=${quoteInteger(weight)}`,
    maxFails === undefined ? '' : `max_fails=${quoteInteger(maxFails)}`,
    failTimeoutS === undefined ? '' : `fail_timeout=${quoteInteger(failTimeoutS)}s`,
    maxConns === undefined ? '' : `max_conns=${quoteInteger(maxConns)}`,
  ].filter((word) => word !== '');
}

/**
 * `return` with a text runs before access rules and is not replaced by an `error_page` of the http block, so nothing a
 * site sets there changes these answers.
 */
function renderOwnServer(digest: string, build: NginxBuild, internal: InternalServer): string {
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
    location = /lbwatch/digest { return 200 "${digest}\\n"; }${build.stubStatus ? stubStatus : ''}
    location / { return 404 "lbwatch: not found\\n"; }
}
`;
}

function renderEmptyServer(internal: InternalServer): string {
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

/** A power of two, so that the zone changes its size seldom. */
function zoneKiB(servers: number): number {
  return Math.max(leastZoneKiB, 2 ** Math.ceil(Math.log2(Math.max(1, servers * zoneKiBPerServer * 2))));
}

function withoutComments(text: string): string {
  return text.replace(/ *#.*$/gm, '');
}
