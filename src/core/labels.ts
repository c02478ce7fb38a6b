import leven from 'leven';

import type { Container, Method, Problem, Role, ServerOptions } from './model.ts';
import { printable } from './printable.ts';
import {
  parseBackup,
  parseDurationS,
  parseInteger,
  parseMethod,
  parseNetwork,
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
  /** Of the pools it is in; undefined where the label is absent. */
  readonly method: Method | undefined;
  readonly keepalive: number | undefined;
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
  'lb.nginx',
] as const;
type KnownLabel = (typeof knownLabels)[number];

const maxNearestDistance = 3;

/** Whether a container asks for anything: the cheap question, before its labels are parsed. */
export function hasPoolLabel(container: Container): boolean {
  return Object.hasOwn(container.labels, 'lb.pool') || Object.hasOwn(container.labels, 'lb.backup');
}

/**
 * Parses the `lb.*` labels of one container, strictly. A value that does not parse is a problem that keeps the container
 * out; an unknown label is a problem that is ignored, since there is nowhere its value could go.
 */
export function parseLabels(container: Container): LabelSet {
  const problems: Problem[] = [];
  const report = (label: string, effect: Problem['effect'], message: string): void => {
    problems.push({ containerId: container.id, container: container.name, label, effect, message });
  };
  const read = <T>(label: KnownLabel, parse: (text: string) => Parsed<T>): T | undefined => {
    const text = Object.hasOwn(container.labels, label) ? container.labels[label] : undefined;
    if (text === undefined) return undefined;
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    report(label, 'out', `${label}: "${printable(text)}" is refused; write ${parsed.expected}`);
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
  // Anything else must not be served as if it were http.
  read('lb.protocol', parseProtocol);
  const method = read('lb.method', parseMethod);
  const keepalive = read('lb.keepalive', (text) => parseInteger(text, 0, 10_000));

  if (backups === true && primaries.length === 0 && problems.length === 0) {
    report(
      'lb.backup',
      'out',
      'lb.backup: "true" needs lb.pool beside it; write lb.backup: <pool> to name the pool here',
    );
  }
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
  return { requests, network, options, method, keepalive, problems };
}

/** The `lb.*` labels that lbwatch does not know; one of them may have been meant to ask for a pool. */
export function listUnknownLabels({ id, name, labels }: Container): readonly Problem[] {
  return Object.keys(labels)
    .filter((label) => label.startsWith('lb.') && !knownLabels.some((known) => known === label))
    .sort()
    .map((label) => ({
      containerId: id,
      container: name,
      label,
      effect: 'ignored',
      message: describeUnknownLabel(label),
    }));
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

function describeUnknownLabel(label: string): string {
  const shown = printable(label, 60);
  if (/^lb\.(?:check(?:\..*)?|drain)$/.test(label)) return `${shown} is not supported by this version`;
  const nearest = [...knownLabels]
    .map((known) => ({ known, distance: leven(known, label.slice(0, 60)) }))
    .sort((one, other) => one.distance - other.distance)[0];
  return nearest !== undefined && nearest.distance <= maxNearestDistance
    ? `${shown} is not a label of lbwatch; did you mean ${nearest.known}?`
    : `${shown} is not a label of lbwatch`;
}
