import type { Member, Pool, ServerOptions } from './model.ts';
import { quoteAddress, quoteComment, quoteHashKey, quoteInteger, quoteName } from './quote.ts';

/** Eight pages of 64 KiB, the least a zone may have on any machine; untouched pages cost nothing. */
const leastZoneKiB = 512;

/** Measured: nginx keeps 0.5 to 0.8 kB a server. */
const zoneKiBPerServer = 1;

/** What is to be written into one pool's block, beside its members. */
export interface UpstreamParts {
  /**
   * Shared memory for counters and round robin; undefined where nginx has none. A name that no site gives its own zones
   * (`limit_req_zone`, `proxy_cache_path`, …): all share one name space, and nginx refuses a second use.
   */
  readonly zone: string | undefined;
  /** The `server` line of a pool that nobody is in. */
  readonly placeholder: string;
  /** Lines after the servers. */
  readonly tail: readonly string[];
}

/** One pool as the block that both of nginx's modules understand. */
export function renderUpstream(pool: Pool, { zone, placeholder, tail }: UpstreamParts): string {
  const lines = [
    ...(zone === undefined ? [] : [`zone ${zone} ${String(zoneKiB(pool.members.length))}k;`]),
    ...renderMethod(pool),
    // A placeholder stands alone or not at all: beside real members it would end nginx's mercy for a single server.
    ...(pool.members.length === 0 ? [placeholder] : pool.members.map(renderServer)),
    ...tail,
  ];
  return `upstream ${quoteName(pool.name)} {\n${lines.map((line) => `    ${line}\n`).join('')}}\n`;
}

function renderMethod({ method, protocol }: Pool): readonly string[] {
  switch (method.kind) {
    case 'round_robin':
      return [];
    case 'least_conn':
    case 'ip_hash':
      return [`${method.kind};`];
    case 'hash':
      return [`hash ${quoteHashKey(method.key, protocol)}${method.consistent ? ' consistent' : ''};`];
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

/** A power of two, so that the zone changes its size seldom. */
function zoneKiB(servers: number): number {
  return Math.max(leastZoneKiB, 2 ** Math.ceil(Math.log2(Math.max(1, servers * zoneKiBPerServer * 2))));
}
