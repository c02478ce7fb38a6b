import { isIPv4, isIPv6 } from 'node:net';

import type { Protocol } from './model.ts';
import { isHashKey, isPoolName } from './values.ts';

/**
 * The only door between data and nginx's syntax. Every function answers a token that can be nothing but itself, or
 * throws: what reaches it was parsed before, so a refusal here is a bug, never a user's mistake.
 */

/** An upstream's name. */
export function quoteName(name: string): string {
  return isPoolName(name) ? name : refuse('pool name', name);
}

/** `address:port` of a server line. */
export function quoteAddress(address: string): string {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([1-9][0-9]{0,4})$/.exec(address);
  const isAddress = match !== null && (isIPv6(match[1] ?? '') || isIPv4(match[2] ?? ''));
  return isAddress && Number(match[3]) <= 65_535 ? address : refuse('address', address);
}

export function quoteInteger(value: number): string {
  return Number.isSafeInteger(value) && value >= 0 ? String(value) : refuse('number', String(value));
}

export function quoteHashKey(key: string, protocol: Protocol): string {
  return isHashKey(key, protocol) ? key : refuse('hash key', key);
}

/**
 * The rest of a comment. Container names are what the engine allows (letters, digits, `_`, `.`, `-`); anything else is
 * left out rather than escaped.
 */
export function quoteComment(text: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/.test(text) ? text : '(name left out)';
}

function refuse(what: string, text: string): never {
  throw new TypeError(`nginx ${what} ${JSON.stringify(text)} cannot be written`);
}
