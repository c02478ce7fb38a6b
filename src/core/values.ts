/**
 * The grammar of label values. Each parser takes the text as written and answers the value or what it would have
 * accepted; nothing is trimmed, guessed or repaired.
 */

import { isIP } from 'node:net';

import type { Check, Method, Protocol } from './model.ts';

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly expected: string };

/** One entry of `lb.pool` or `lb.backup`. */
export interface PoolEntry {
  readonly pool: string;
  readonly port: number | undefined;
}

/** No value that means something is longer; a bound on what is looked at. */
export const maxValueLength = 4096;
const maxPoolNameLength = 63;
const maxEntries = 32;
/** Each variable of a hash key costs nginx memory in each request. */
const maxHashVariables = 8;
const msPerUnit: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const maxFailTimeoutS = 7 * 86_400;

/** The longest that a leaving member may be given. */
export const maxDrainMs = 86_400_000;

/**
 * Request variables a hash key may be made of (nginx docs, ngx_http_core_module "Embedded Variables"); what belongs to
 * another module stands in {@link modulesOfVariables}.
 */
const hashVariables = new Set([
  'args',
  'binary_remote_addr',
  'host',
  'proxy_protocol_addr',
  'query_string',
  'realip_remote_addr',
  'remote_addr',
  'remote_port',
  'remote_user',
  'request_method',
  'request_uri',
  'scheme',
  'server_name',
  'server_port',
  'ssl_client_fingerprint',
  'ssl_session_id',
  'uri',
]);
/** The same for a tcp or udp pool (nginx docs, ngx_stream_core_module "Embedded Variables"). */
const streamHashVariables = new Set([
  'binary_remote_addr',
  'protocol',
  'proxy_protocol_addr',
  'proxy_protocol_port',
  'remote_addr',
  'remote_port',
  'server_addr',
  'server_port',
  'ssl_preread_server_name',
]);
/**
 * Those that only a build with this module knows (nginx docs, ngx_http_realip_module, ngx_http_ssl_module): nginx refuses
 * its whole configuration for a variable it does not know.
 */
export const modulesOfVariables: ReadonlyMap<string, string> = new Map([
  ['realip_remote_addr', 'http_realip_module'],
  ['ssl_client_fingerprint', 'http_ssl_module'],
  ['ssl_session_id', 'http_ssl_module'],
]);
const hashVariableFamilies = /^(?:arg|cookie|http)_[a-z0-9_]{1,64}$/;

const httpMethods =
  'round_robin, least_conn, ip_hash, hash <key> [consistent], or random [two [least_conn]]; a hash key is made of ' +
  'request variables, 8 at most, such as $request_uri, $remote_addr, $cookie_NAME, $arg_NAME or $http_NAME';
const streamMethods =
  'round_robin, least_conn, hash <key> [consistent], or random [two [least_conn]]; the hash key of a tcp or udp pool is ' +
  'made of $remote_addr, $remote_port, $server_addr, $server_port, $proxy_protocol_addr or $ssl_preread_server_name';

/**
 * A pool's name: a letter, then letters, digits, `_` and `-`. No dots: a pool called like a host would take over the
 * site's requests to that host.
 */
export function isPoolName(text: string): boolean {
  return (
    text.length <= maxPoolNameLength &&
    /^[A-Za-z][A-Za-z0-9_-]*$/.test(text) &&
    !/^(?:localhost$|lbwatch)/i.test(text) &&
    // `lb.backup: True` and `lb.pool: yes` mean something else than a pool of that name.
    !/^(?:true|false|yes|no|on|off)$/i.test(text) &&
    isIP(text) === 0
  );
}

export const poolNameGrammar =
  'a letter, then letters, digits, "_" or "-", 63 at most, neither "localhost", nor "true", "no" or the like, nor beginning with "lbwatch"';

/** `name[:port]`, comma-separated; spaces beside a comma are allowed, and nowhere else. */
export function parsePoolEntries(text: string): Parsed<readonly PoolEntry[]> {
  const expected = `name[:port], comma-separated (a name is ${poolNameGrammar})`;
  const parts = text.split(/ *, */);
  if (parts.length > maxEntries) return { ok: false, expected: `${String(maxEntries)} entries at most` };
  const entries: PoolEntry[] = [];
  for (const part of parts) {
    const colon = part.indexOf(':');
    const pool = colon === -1 ? part : part.slice(0, colon);
    const port = colon === -1 ? undefined : parsePort(part.slice(colon + 1));
    if (!isPoolName(pool)) return { ok: false, expected };
    if (port?.ok === false) return { ok: false, expected: `${pool}:<port>, where a port is ${port.expected}` };
    if (entries.some((entry) => entry.pool.toLowerCase() === pool.toLowerCase())) {
      return { ok: false, expected: 'each pool once' };
    }
    entries.push({ pool, port: port?.value });
  }
  return { ok: true, value: entries };
}

/** `lb.backup`: pool entries, or `true`, which turns `lb.pool`'s memberships into backups. */
export function parseBackup(text: string): Parsed<readonly PoolEntry[] | true> {
  if (text === 'true') return { ok: true, value: true };
  const entries = parsePoolEntries(text);
  return entries.ok ? entries : { ok: false, expected: `true, or ${entries.expected}` };
}

export function parsePort(text: string): Parsed<number> {
  return parseInteger(text, 1, 65_535);
}

/** A decimal integer without sign, exponent or leading zeros, within both bounds. */
export function parseInteger(text: string, least: number, most: number): Parsed<number> {
  const expected = `a whole number from ${String(least)} to ${String(most)}`;
  if (!/^(?:0|[1-9][0-9]{0,9})$/.test(text)) return { ok: false, expected };
  const value = Number(text);
  return value >= least && value <= most ? { ok: true, value } : { ok: false, expected };
}

/** A duration such as `500ms`, `2s` or `5m`; a bare number is seconds, as in nginx. Answers milliseconds. */
export function parseDurationMs(text: string, leastMs: number, mostMs: number): Parsed<number> {
  const expected = `a duration such as 500ms, 2s or 5m, from ${showMs(leastMs)} to ${showMs(mostMs)}`;
  const match = /^(0|[1-9][0-9]{0,8})(ms|s|m|h|d|)$/.exec(text);
  if (match?.[1] === undefined) return { ok: false, expected };
  const value = Number(match[1]) * unitMs(match[2]);
  return value >= leastMs && value <= mostMs ? { ok: true, value } : { ok: false, expected };
}

/** `lb.check`: who says whether a member can serve. */
export function parseCheck(text: string): Parsed<Check> {
  if (text === 'docker' || text === 'none' || text === 'tcp') return { ok: true, value: { kind: text } };
  if (text === 'http') return { ok: true, value: { kind: 'alive' } };
  // Two slashes would be the beginning of a host: only the member itself is asked.
  const path = /^http:(\/(?!\/)[\x21-\x7e]{0,511})$/.exec(text)?.[1];
  if (path !== undefined) return { ok: true, value: { kind: 'http', path } };
  return { ok: false, expected: 'http, http:/path, tcp, docker or none' };
}

/** A duration as `fail_timeout` takes it: whole seconds, or a number with `s`, `m`, `h` or `d`. Answers seconds. */
export function parseDurationS(text: string): Parsed<number> {
  const expected = 'a duration such as 10s, 2m or 1h, 7d at most';
  const match = /^(0|[1-9][0-9]{0,6})([smhd]?)$/.exec(text);
  if (match?.[1] === undefined) return { ok: false, expected };
  const value = (Number(match[1]) * unitMs(match[2])) / 1000;
  return value <= maxFailTimeoutS ? { ok: true, value } : { ok: false, expected };
}

/** A network's name as the engine allows it. */
export function parseNetwork(text: string): Parsed<string> {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(text)
    ? { ok: true, value: text }
    : { ok: false, expected: 'the name of a network this container is attached to' };
}

/** `lb.protocol` */
export function parseProtocol(text: string): Parsed<Protocol> {
  return text === 'http' || text === 'tcp' || text === 'udp'
    ? { ok: true, value: text }
    : { ok: false, expected: 'http, tcp or udp' };
}

/** `lb.nginx` */
export function parseNginxClaim(text: string): Parsed<boolean> {
  return text === 'true' || text === 'false'
    ? { ok: true, value: text === 'true' }
    : { ok: false, expected: 'true or false' };
}

/** `lb.method`: one of nginx's balancing methods, its words separated by single spaces. */
export function parseMethod(text: string, protocol: Protocol = 'http'): Parsed<Method> {
  const [name, ...words] = text.split(' ');
  const expected = protocol === 'http' ? httpMethods : streamMethods;
  if (name === 'ip_hash' && protocol !== 'http') return { ok: false, expected };
  switch (name) {
    case 'round_robin':
    case 'least_conn':
    case 'ip_hash':
      return words.length === 0 ? { ok: true, value: { kind: name } } : { ok: false, expected };
    case 'hash': {
      const [key, consistent, ...rest] = words;
      const isComplete = rest.length === 0 && (consistent === undefined || consistent === 'consistent');
      if (key === undefined || !isComplete || !isHashKey(key, protocol)) return { ok: false, expected };
      return { ok: true, value: { kind: 'hash', key, consistent: consistent !== undefined } };
    }
    case 'random': {
      const [two, leastConn, ...rest] = words;
      const isComplete =
        rest.length === 0 &&
        (two === undefined || two === 'two') &&
        (leastConn === undefined || leastConn === 'least_conn');
      return isComplete ? { ok: true, value: { kind: 'random', two: two !== undefined } } : { ok: false, expected };
    }
    case undefined:
    default:
      return { ok: false, expected };
  }
}

/** The one place where a label may hold a `$variable`: known variables of the protocol, joined by `:`, `/` or `-`. */
export function isHashKey(text: string, protocol: Protocol): boolean {
  if (text.length > 256 || !/^(?:\$[a-z0-9_]+|[:/-])+$/.test(text)) return false;
  const variables = listHashVariables(text);
  return (
    variables.length > 0 &&
    variables.length <= maxHashVariables &&
    variables.every((name) => isHashVariable(name, protocol))
  );
}

/** The variables in a hash key, without their `$`. */
export function listHashVariables(key: string): readonly string[] {
  return [...key.matchAll(/\$([a-z0-9_]+)/g)].map((match) => match[1] ?? '');
}

function isHashVariable(name: string, protocol: Protocol): boolean {
  if (protocol !== 'http') return streamHashVariables.has(name);
  return hashVariables.has(name) || hashVariableFamilies.test(name);
}

/** Without a unit a number is seconds, as in nginx. */
function unitMs(unit: string | undefined): number {
  return msPerUnit[unit ?? ''] ?? 1000;
}

function showMs(ms: number): string {
  if (ms < 1000) return `${String(ms)}ms`;
  return ms % 3_600_000 === 0 ? `${String(ms / 3_600_000)}h` : `${String(ms / 1000)}s`;
}
