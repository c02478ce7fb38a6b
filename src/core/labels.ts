import leven from 'leven';

import type { Check, CheckTiming, Container, Method, Problem, Protocol, Role, ServerOptions } from './model.ts';
import { printable } from './printable.ts';
import {
  maxDrainMs,
  maxValueLength,
  parseBackup,
  parseCheck,
  parseDurationMs,
  parseDurationS,
  parseInteger,
  parseMethod,
  parseNetwork,
  parseNginxClaim,
  parsePoolEntries,
  parsePort,
  parseProtocol,
} from './values.ts';
import type { Parsed, PoolEntry } from './values.ts';

/** A membership that a container's labels ask for. */
export interface Request {
  readonly pool: string;
  readonly role: Role;
  /** The port its entry names, else what `lb.port` says. */
  readonly port: number | undefined;
}

/** What one container's labels say, parsed. */
export interface LabelSet {
  readonly requests: readonly Request[];
  readonly network: string | undefined;
  readonly options: ServerOptions;
  /** Of the pools it is in; absent, it is http like any other. */
  readonly protocol: Protocol;
  /** Of the pools it is in; undefined where the label is absent. */
  readonly method: Method | undefined;
  readonly keepalive: number | undefined;
  /** Undefined where the label is absent: the HEALTHCHECK where there is one, else what suits the protocol. */
  readonly check: Check | undefined;
  readonly checkTiming: CheckTiming;
  /** The longest that a member which was told to stop is taken for leaving. */
  readonly drainMs: number;
  readonly problems: readonly Problem[];
}

/** The labels that mean something. */
export const knownLabels = [
  'lb.pool',
  'lb.backup',
  'lb.port',
  'lb.network',
  'lb.weight',
  'lb.max_fails',
  'lb.fail_timeout',
  'lb.max_conns',
  'lb.protocol',
  'lb.method',
  'lb.keepalive',
  'lb.check',
  'lb.check.interval',
  'lb.check.timeout',
  'lb.check.rise',
  'lb.check.fall',
  'lb.drain',
  'lb.nginx',
] as const;
type KnownLabel = (typeof knownLabels)[number];

const maxNearestDistance = 3;
/** So many unknown labels of a container are told one by one. */
const maxUnknownLabels = 10;

const defaultCheckTimeoutMs = 1000;
const defaultRise = 2;
const defaultFall = 2;
const defaultDrainMs = 5 * 60_000;

/** Whether a container asks for anything: the cheap question, before its labels are parsed. */
export function hasPoolLabel(container: Container): boolean {
  return Object.hasOwn(container.labels, 'lb.pool') || Object.hasOwn(container.labels, 'lb.backup');
}

/** What was parsed before: a container is data that never changes, and is looked at several times in each pass. */
const labelSets = new WeakMap<Container, LabelSet>();

/**
 * Parses the `lb.*` labels of one container, strictly. A value that does not parse is a problem that keeps the container
 * out; an unknown label is a problem that is ignored, since there is nowhere its value could go.
 */
export function parseLabels(container: Container): LabelSet {
  const labels = labelSets.get(container) ?? parseAnew(container);
  labelSets.set(container, labels);
  return labels;
}

function parseAnew(container: Container): LabelSet {
  const problems: Problem[] = [];
  const report = (label: string, effect: Problem['effect'], message: string): void => {
    problems.push({ containerId: container.id, container: container.name, label, effect, message });
  };
  const read = <T>(label: KnownLabel, parse: (text: string) => Parsed<T>): T | undefined => {
    const text = Object.hasOwn(container.labels, label) ? container.labels[label] : undefined;
    if (text === undefined) return undefined;
    const parsed = parseBounded(text, parse);
    if (parsed.ok) return parsed.value;
    report(label, 'out', describeRefused(label, text, parsed.expected));
    return undefined;
  };

  const primaries = read('lb.pool', parsePoolEntries) ?? [];
  const backups = read('lb.backup', parseBackup) ?? [];
  const port = read('lb.port', parsePort);
  const network = read('lb.network', parseNetwork);
  const options: ServerOptions = {
    weight: read('lb.weight', (text) => parseInteger(text, 1, 65_535)),
    maxFails: read('lb.max_fails', (text) => parseInteger(text, 0, 65_535)),
    failTimeoutS: read('lb.fail_timeout', parseDurationS),
    maxConns: read('lb.max_conns', (text) => parseInteger(text, 0, 1_000_000)),
  };
  const protocol = read('lb.protocol', parseProtocol) ?? 'http';
  const method = read('lb.method', (text) => parseMethod(text, protocol));
  const keepalive = read('lb.keepalive', (text) => parseInteger(text, 0, 10_000));
  const check = read('lb.check', parseCheck);
  const checkTiming: CheckTiming = {
    intervalMs: read('lb.check.interval', (text) => parseDurationMs(text, 100, 3_600_000)),
    timeoutMs: read('lb.check.timeout', (text) => parseDurationMs(text, 10, 60_000)) ?? defaultCheckTimeoutMs,
    rise: read('lb.check.rise', (text) => parseInteger(text, 1, 100)) ?? defaultRise,
    fall: read('lb.check.fall', (text) => parseInteger(text, 1, 100)) ?? defaultFall,
  };
  const drainMs = read('lb.drain', (text) => parseDurationMs(text, 1000, maxDrainMs)) ?? defaultDrainMs;

  if (backups === true && primaries.length === 0 && problems.length === 0) {
    report(
      'lb.backup',
      'out',
      'lb.backup: "true" needs lb.pool beside it; write lb.backup: <pool> to name the pool here',
    );
  }
  if (protocol !== 'http' && keepalive !== undefined) {
    report('lb.keepalive', 'ignored', `lb.keepalive is for http pools; a ${protocol} pool keeps no idle connections`);
  }
  if (protocol === 'udp' && check !== undefined && check.kind !== 'docker' && check.kind !== 'none') {
    report(
      'lb.check',
      'ignored',
      `lb.check: ${check.kind === 'tcp' ? 'tcp' : 'http'} cannot ask a udp port; write docker, with a HEALTHCHECK in the image, or none`,
    );
  }
  read('lb.nginx', parseNginxClaim);
  problems.push(...listUnknownLabels(container));

  const requests = listRequests(primaries, backups, port);
  const twice = requests.find(
    (one, index) => requests.findIndex((other) => isSamePool(one.pool, other.pool)) !== index,
  );
  if (twice !== undefined) {
    report(
      'lb.backup',
      'out',
      `lb.backup: "${twice.pool}" is in lb.pool as well; a container is primary or backup of a pool`,
    );
  }
  return { requests, network, options, protocol, method, keepalive, check, checkTiming, drainMs, problems };
}

/**
 * What is wrong with the labels of a container that asks for no pool: those that lbwatch does not know, since one of them
 * may have been meant to ask for a pool, and `lb.nginx`.
 */
export function listStrayProblems(container: Container): readonly Problem[] {
  const claim = container.labels['lb.nginx'];
  const parsed = claim === undefined ? undefined : parseBounded(claim, parseNginxClaim);
  const unknown = listUnknownLabels(container);
  if (claim === undefined || parsed?.ok !== false) return unknown;
  const message = describeRefused('lb.nginx', claim, parsed.expected);
  return [
    { containerId: container.id, container: container.name, label: 'lb.nginx', effect: 'ignored', message },
    ...unknown,
  ];
}

/** Whether a container says that it is nginx. */
export function claimsNginx({ labels }: Container): boolean {
  return labels['lb.nginx'] === 'true';
}

/** The first of them by name, and how many more there are: a container's labels are as many as its owner likes. */
function listUnknownLabels({ id, name, labels }: Container): readonly Problem[] {
  const unknown = Object.keys(labels)
    .filter((label) => label.startsWith('lb.') && !knownLabels.some((known) => known === label))
    .sort();
  const problems = unknown.slice(0, maxUnknownLabels).map((label): Problem => ({
    containerId: id,
    container: name,
    label,
    effect: 'ignored',
    message: describeUnknownLabel(label),
  }));
  const left = unknown.length - problems.length;
  if (left === 0) return problems;
  const message = `${String(left)} more labels that begin with lb. are not labels of lbwatch`;
  return [...problems, { containerId: id, container: name, label: 'lb.', effect: 'ignored', message }];
}

/** nginx compares upstream names without regard to case. */
export function isSamePool(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function listRequests(
  primaries: readonly PoolEntry[],
  backups: readonly PoolEntry[] | true,
  port: number | undefined,
): readonly Request[] {
  const request = (entry: PoolEntry, role: Role): Request => ({ pool: entry.pool, role, port: entry.port ?? port });
  if (backups === true) return primaries.map((entry) => request(entry, 'backup'));
  return [...primaries.map((entry) => request(entry, 'primary')), ...backups.map((entry) => request(entry, 'backup'))];
}

function parseBounded<T>(text: string, parse: (text: string) => Parsed<T>): Parsed<T> {
  return text.length > maxValueLength
    ? { ok: false, expected: `at most ${String(maxValueLength)} characters` }
    : parse(text);
}

function describeRefused(label: KnownLabel, text: string, expected: string): string {
  const foreign = /[^\0-\x7f]/u.exec(text.slice(0, maxValueLength))?.[0]?.codePointAt(0);
  const hint = foreign === undefined ? '' : ` (U+${foreign.toString(16).toUpperCase().padStart(4, '0')} is no ASCII)`;
  return `${label}: "${printable(text)}"${hint} is refused; write ${expected}`;
}

function describeUnknownLabel(label: string): string {
  const shown = printable(label, 60);
  const nearest = [...knownLabels]
    .map((known) => ({ known, distance: leven(known, label.slice(0, 60)) }))
    .sort((one, other) => one.distance - other.distance)[0];
  return nearest !== undefined && nearest.distance <= maxNearestDistance
    ? `${shown} is not a label of lbwatch; did you mean ${nearest.known}?`
    : `${shown} is not a label of lbwatch`;
}
