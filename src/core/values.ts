/**
 * The grammar of label values. Each parser takes the text as written and answers the value or what it would have
 * accepted; nothing is trimmed, guessed or repaired.
 */

import { isIP } from 'node:net';

import type { Method } from './model.ts';

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly expected: string };

/** One entry of `lb.pool` or `lb.backup`. */
export interface PoolEntry {
  readonly pool: string;
  readonly port: number | undefined;
}

const maxPoolNameLength = 63;
const maxEntries = 32;
const secondsPerUnit = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const maxFailTimeoutS = 7 * secondsPerUnit.d;

/** Request variables a hash key may be made of (nginx docs, ngx_http_core_module "Embedded Variables"). */
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
const hashVariableFamilies = /^(?:arg|cookie|http)_[a-z0-9_]{1,64}$/;

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

/** `name[:port]`, comma-separated; spaces around a comma are allowed. */
export function parsePoolEntries(text: string): Parsed<readonly PoolEntry[]> {
  const expected = `name[:port], comma-separated (a name is ${poolNameGrammar})`;
  const parts = text.split(',').map((part) => part.replace(/^ +| +$/g, ''));
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

/** A duration as `fail_timeout` takes it: whole seconds, or a number with `s`, `m`, `h` or `d`. Answers seconds. */
export function parseDurationS(text: string): Parsed<number> {
  const expected = 'a duration such as 10s, 2m or 1h, 7d at most';
  const match = /^(0|[1-9][0-9]{0,6})([smhd]?)$/.exec(text);
  if (match?.[1] === undefined) return { ok: false, expected };
  const unit = match[2];
  const factor = unit === 'm' || unit === 'h' || unit === 'd' ? secondsPerUnit[unit] : secondsPerUnit.s;
  const value = Number(match[1]) * factor;
  return value <= maxFailTimeoutS ? { ok: true, value } : { ok: false, expected };
}

/** A network's name as the engine allows it. */
export function parseNetwork(text: string): Parsed<string> {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(text)
    ? { ok: true, value: text }
    : { ok: false, expected: 'the name of a network this container is attached to' };
}

/** `lb.protocol`: pools of nginx's stream module are still to come. */
export function parseProtocol(text: string): Parsed<'http'> {
  return text === 'http'
    ? { ok: true, value: text }
    : { ok: false, expected: 'http; this version has no tcp or udp pools' };
}

/** `lb.method`: one of nginx's balancing methods, its words separated by single spaces. */
export function parseMethod(text: string): Parsed<Method> {
  const [name, ...words] = text.split(' ');
  const expected =
    'round_robin, least_conn, ip_hash, hash <key> [consistent], or random [two [least_conn]]; a hash key is made of ' +
    'request variables such as $request_uri, $remote_addr, $cookie_NAME, $arg_NAME or $http_NAME';
  switch (name) {
    case 'round_robin':
    case 'least_conn':
    case 'ip_hash':
      return words.length === 0 ? { ok: true, value: { kind: name } } : { ok: false, expected };
    case 'hash': {
      const [key, consistent, ...rest] = words;
      const isComplete = rest.length === 0 && (consistent === undefined || consistent === 'consistent');
      if (key === undefined || !isComplete || !isHashKey(key)) return { ok: false, expected };
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

/** The one place where a label may hold a `$variable`: known request variables, joined by `:`, `/` or `-`. */
export function isHashKey(text: string): boolean {
  if (text.length > 256 || !/^(?:\$[a-z0-9_]+|[:/-])+$/.test(text)) return false;
  const variables = [...text.matchAll(/\$([a-z0-9_]+)/g)].map((match) => match[1] ?? '');
  return variables.length > 0 && variables.every((name) => hashVariables.has(name) || hashVariableFamilies.test(name));
}
