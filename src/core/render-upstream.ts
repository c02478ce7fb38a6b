import { createHash } from 'node:crypto';

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

/** A pool's block. */
export interface Block {
  readonly text: string;
  /** Hex SHA-256 of what nginx acts on: comments left out. */
  readonly digest: string;
}

/** What was written before: of a thousand pools one has changed. */
const knownBlocks = new WeakMap<Pool, { readonly setting: string; readonly block: Block }>();

/** One pool as the block that both of nginx's modules understand. */
export function renderUpstream(pool: Pool, parts: UpstreamParts): Block {
  const setting = JSON.stringify(parts);
  const known = knownBlocks.get(pool);
  if (known?.setting === setting) return known.block;
  const text = renderAnew(pool, parts);
  const digest = createHash('sha256').update(withoutComments(text)).digest('hex');
  const block = { text, digest };
  knownBlocks.set(pool, { setting, block });
  return block;
}

function renderAnew(pool: Pool, { zone, placeholder, tail }: UpstreamParts): string {
  const head = [
    ...(zone === undefined ? [] : [`zone ${zone} ${String(zoneKiB(pool.members.length))}k;`]),
    ...renderMethod(pool),
    // A placeholder stands alone or not at all: beside real members it would end nginx's mercy for a single server.
    ...(pool.members.length === 0 ? [placeholder] : []),
  ].map(toLine);
  const lines = [...head, ...pool.members.map(renderServer), ...tail.map(toLine)];
  return `upstream ${quoteName(pool.name)} {\n${lines.join('')}}\n`;
}

function toLine(directive: string): string {
  return `    ${directive}\n`;
}

function withoutComments(text: string): string {
  return text.replace(/ *#.*$/gm, '');
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

/** What was written before: of a large pool one member has changed. */
const knownLines = new WeakMap<Member, string>();

function renderServer(member: Member): string {
  const line = knownLines.get(member) ?? toLine(renderServerAnew(member));
  knownLines.set(member, line);
  return line;
}

function renderServerAnew(member: Member): string {
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
