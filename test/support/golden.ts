/**
 * Golden cases as text. README.md in test/golden says how a case is written; this file reads the upper half and makes
 * the lower one.
 */

import type { Reach } from '../../src/core/address.ts';
import type { Surroundings } from '../../src/core/candidate.ts';
import { decide, listProbes, sortMemberships } from '../../src/core/desired.ts';
import type { Circumstances } from '../../src/core/desired.ts';
import type { Scope } from '../../src/core/eligible.ts';
import type {
  Attachment,
  Container,
  ContainerState,
  Departure,
  Desired,
  ExposedPort,
  Health,
  PublishedPort,
} from '../../src/core/model.ts';
import { readNginxBuild, unknownBuild } from '../../src/core/nginx-build.ts';
import type { NginxBuild } from '../../src/core/nginx-build.ts';
import { pending } from '../../src/core/probe.ts';
import type { Standing } from '../../src/core/probe.ts';
import { render } from '../../src/core/render.ts';
import type { Rendered } from '../../src/core/render.ts';
import type { InternalServer } from '../../src/core/render-http.ts';
import { streamsHead } from '../../src/core/render-streams.ts';
import { readSite } from '../../src/core/site.ts';
import { container, idOf } from './container.ts';
import { includedStreams } from './site.ts';

export interface GoldenCase {
  readonly containers: readonly Container[];
  readonly circumstances: Circumstances;
  /** Rows of all containers are wanted, not only of those that are not in. */
  readonly explainsAll: boolean;
}

export const separator = '----------';
const nowMs = 1_700_000_100_000;
const internal: InternalServer = { address: undefined, port: 9181 };

/** The upper and the lower half. Throws where there is no separator: such a file would expect nothing. */
export function splitGolden(text: string): { readonly given: string; readonly expected: string } {
  const lines = text.split('\n');
  const at = lines.indexOf(separator);
  if (at === -1) throw new Error(`no line "${separator}" between what is given and what is expected`);
  return { given: lines.slice(0, at).join('\n'), expected: lines.slice(at + 1).join('\n') };
}

/** Reads an upper half. Throws, with the line, on anything it does not know: a typo must not become a passing case. */
export function readGiven(given: string): GoldenCase {
  const containers: Container[] = [];
  const settings = new Map<string, string>();
  const site: string[] = [];
  let reading: 'settings' | 'site' | 'container' = 'settings';
  let block = new Map<string, string>();
  const blocks: [string, Map<string, string>][] = [];

  for (const line of given.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (line.startsWith('  ')) {
      if (reading === 'site') site.push(line.slice(2));
      else if (reading === 'container') put(block, line.trimStart());
      else throw new Error(`nothing this line could belong to: ${line}`);
      continue;
    }
    const name = /^container (\S+)$/.exec(line)?.[1];
    reading = name !== undefined ? 'container' : line === 'site:' ? 'site' : 'settings';
    if (reading === 'settings') put(settings, line);
    if (name === undefined) continue;
    block = new Map();
    blocks.push([readText(name), block]);
  }
  const ports = new Map<string, string>();
  const departures: [string, Departure][] = [];
  for (const [index, [name, keys]] of blocks.entries()) {
    const take = taker(keys);
    const port = take('port');
    if (port !== undefined) ports.set(idOf(name), port);
    const departure = take('leaving');
    if (departure !== undefined) departures.push([idOf(name), readDeparture(departure)]);
    containers.push(readContainer(name, keys, index));
  }
  const take = taker(settings);
  const nginxOn = take('nginx on') ?? 'shop_default';
  const surroundings: Surroundings = {
    scope: readScope(take('scope') ?? 'shop'),
    reach: readReach(nginxOn),
    ownReach: readReach(take('lbwatch on') ?? nginxOn),
    checks: oneOf(take('checks') ?? 'on', ['on', 'off']) === 'on',
    departures: new Map(departures),
    lives: new Map(),
    nowMs,
  };
  const circumstances: Circumstances = {
    ...surroundings,
    site: readSite([site.join('\n')]),
    declaredPools: words(take('pools') ?? ''),
    build: readBuild(take('nginx') ?? '1.26.3'),
    streams: {
      ...includedStreams,
      isIncluded: oneOf(take('streams.conf') ?? 'included', ['included', 'not included']) === 'included',
      refusals: new Map(words(take('refused') ?? '').map((name) => [name, 'its words'])),
    },
    failOpen: oneOf(take('fail-open') ?? 'on', ['on', 'off']) === 'on',
    standings: new Map(
      listProbes(containers, surroundings).map(({ key, address: at }) => [
        key,
        readStanding(ports.get(key.split(' ')[0] ?? '') ?? 'answers', at),
      ]),
    ),
  };
  const explainsAll = oneOf(take('explain') ?? 'others', ['all', 'others']) === 'all';
  refuseRest(settings);
  return { containers, circumstances, explainsAll };
}

/** The whole generated files of a case, as an nginx of that build gets them. */
export function renderWhole({ containers, circumstances }: GoldenCase, build: NginxBuild): Rendered {
  return render(decide(containers, { ...circumstances, build }).pools, build, internal, '');
}

/** The lower half: the upstream blocks, the problems, and who is not in and why. */
export function renderExpected(golden: GoldenCase): string {
  const desired = decide(golden.containers, golden.circumstances);
  const { text, streams } = render(desired.pools, golden.circumstances.build, internal, '');
  const inStream = streams.slice(streamsHead.length).replace(/^\n/, '');
  const problems = desired.problems
    .map(({ container: name, effect, message }) => `problem: ${show(name)} (${effect}): ${message}\n`)
    .join('');
  const marked = inStream === '' ? '' : `stream:\n${inStream}`;
  return [withoutServers(text), marked, problems, renderRows(desired, golden.explainsAll)]
    .filter((part) => part !== '')
    .join('\n');
}

function renderRows({ memberships, problems }: Desired, explainsAll: boolean): string {
  const told = new Set(problems.map(({ containerId, message }) => `${containerId} ${message}`));
  return sortMemberships(memberships)
    .filter(({ state }) => explainsAll || state !== 'in')
    .map((row) => {
      const place = row.pool === undefined ? '' : ` ${row.role ?? '-'} of ${row.pool}`;
      const reason = told.has(`${row.containerId} ${row.reason}`) ? 'as the problem says' : row.reason;
      return `${row.state}: ${show(row.container)}${place}: ${reason}\n`;
    })
    .join('');
}

/** Leaves out the first line and the two servers, which are the same in every case. */
function withoutServers(text: string): string {
  const from = text.indexOf('\nupstream ');
  const to = text.indexOf('\nserver {');
  if (to === -1) throw new Error('the generated file is not made as these cases expect');
  return from === -1 ? '' : text.slice(from + 1, to);
}

function readContainer(name: string, keys: Map<string, string>, index: number): Container {
  const take = taker(keys);
  const labels: Record<string, string> = {};
  const project = take('project') ?? 'shop';
  const service = take('service') ?? /^(?:shop-)?(.+?)(?:-[0-9]+)?$/.exec(name)?.[1] ?? name;
  if (project !== 'none') labels['com.docker.compose.project'] = project;
  if (project !== 'none') labels['com.docker.compose.service'] = service;
  for (const [key, value] of keys) {
    if (!/^(?:lb\.|com\.)/i.test(key)) continue;
    labels[key] = readText(value);
    keys.delete(key);
  }
  const states: readonly ContainerState[] = [
    'created',
    'running',
    'paused',
    'restarting',
    'removing',
    'exited',
    'dead',
  ];
  const healths: readonly Health[] = ['none', 'starting', 'healthy', 'unhealthy'];
  const made = container({
    id: idOf(name),
    name,
    createdAt: 1_700_000_000 + index,
    state: oneOf(take('state') ?? 'running', states),
    health: oneOf(take('health') ?? 'none', healths),
    attachments: readAttachments(take('networks') ?? `shop_default ${address(index)}`, index),
    exposedPorts: words(take('exposes') ?? '8000').map(readExposed),
    portVariable: readOptional(take('PORT')),
    ...readMachine(take('machine'), take('publishes')),
    ...(oneOf(take('last seen') ?? 'now', ['now', 'long ago']) === 'now' ? {} : { isAsLastSeen: true }),
  });
  refuseRest(keys);
  return { ...made, labels };
}

/** What the checks of a member have found: `answers`, `refuses`, `fails: why`, or `pending`. */
function readStanding(text: string, at: string): Standing {
  const [state, why = ''] = text.split(': ');
  const known = { why, hasPassed: false, successes: 0, failures: 0 };
  switch (oneOf(state ?? '', ['answers', 'refuses', 'fails', 'pending'])) {
    case 'answers':
      return { ...known, state: 'passing', why: 'its port answers', hasPassed: true };
    case 'refuses':
      return { ...known, state: 'refused', why: `nothing listens on ${at} yet` };
    case 'fails':
      return { ...known, state: 'failing' };
    case 'pending':
      return pending;
  }
}

/** `drained`, `withdrawn`, `told 10 s ago` or `ended 1 s ago`. */
function readDeparture(text: string): Departure {
  if (text === 'drained' || text === 'withdrawn') return { kind: text, sinceMs: nowMs };
  const [, what, agoS] = /^(told|ended) ([0-9]+) s ago$/.exec(text) ?? [];
  if (agoS === undefined)
    throw new Error(`none of "drained", "withdrawn", "told N s ago" and "ended N s ago": ${text}`);
  return { kind: what === 'told' ? 'signalled' : 'ended', sinceMs: nowMs - Number(agoS) * 1000 };
}

/** `10.0.0.1` for the first container of a case, and so on. */
function address(index: number): string {
  return `10.0.0.${String(index + 1)}`;
}

/** `shop_default 10.0.0.1, shop_back`; a name alone is a network on which the engine has given no address yet. */
function readAttachments(text: string, index: number): readonly Attachment[] {
  if (text === 'none') return [];
  return text.split(', ').map((part) => {
    const [network = '', given] = part.split(' ');
    return { network, address: given === 'its' ? address(index) : given };
  });
}

function readExposed(text: string): ExposedPort {
  const match = /^([0-9]+)(?:\/(tcp|udp|sctp))?$/.exec(text);
  if (match === null) throw new Error(`no port: ${text}`);
  return { port: Number(match[1]), protocol: oneOf(match[2] ?? 'tcp', ['tcp', 'udp', 'sctp']) };
}

/** `host-b 192.0.2.7`, and `8000 as 32768, 53/udp as 127.0.0.1:5353`, on another machine; nothing on this one. */
function readMachine(machine: string | undefined, publishes = 'none'): Partial<Container> {
  if (machine === undefined) return {};
  const [node, at = ''] = machine.split(' ');
  const ports = words(publishes).map((text): PublishedPort => {
    const [, exposed = '', hostAddress, hostPort = ''] = /^(\S+) as (?:(\S+):)?([0-9]+)$/.exec(text) ?? [];
    const bound = hostAddress?.replace(/^\[(.*)\]$/, '$1');
    return { ...readExposed(exposed), hostPort: Number(hostPort), hostAddress: bound };
  });
  return { node, published: { address: at, ports } };
}

function readOptional(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function readScope(text: string): Scope {
  return text === 'all' ? { kind: 'all' } : { kind: 'projects', names: words(text) };
}

function readReach(text: string): Reach {
  return text === 'any' ? 'any' : words(text);
}

/** `unknown`, `1.26.3`, or `1.26.3 without random, zone, stream_random`; `stream` and `preread` are modules, too. */
function readBuild(text: string): NginxBuild {
  if (text === 'unknown') return unknownBuild;
  const [version = '', lacking = ''] = text.split(' without ');
  const names = words(lacking);
  const options = names.map((name) =>
    name.startsWith('stream_')
      ? `--without-stream_upstream_${name.slice(7)}_module`
      : `--without-http_upstream_${name}_module`,
  );
  if (!names.includes('stream')) options.push('--with-stream=dynamic');
  if (!names.includes('preread')) options.push('--with-stream_ssl_preread_module');
  return readNginxBuild(
    `nginx version: nginx/${version}\nconfigure arguments: --with-http_stub_status_module ${options.join(' ')}\n`,
  );
}

function words(text: string): readonly string[] {
  return text === 'none' ? [] : text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}

/** A text as it is, or as JSON where it begins with a quote: for what a line cannot show. */
function readText(text: string): string {
  if (!text.startsWith('"')) return text;
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'string') throw new Error(`no text: ${text}`);
  return value;
}

function show(name: string): string {
  return /^[\x21-\x7e]+$/.test(name) ? name : JSON.stringify(name);
}

function put(keys: Map<string, string>, line: string): void {
  const match = /^(\S.*?): ?(.*)$/.exec(line);
  if (match?.[1] === undefined) throw new Error(`not "key: value": ${line}`);
  if (keys.has(match[1])) throw new Error(`twice: ${line}`);
  keys.set(match[1], match[2] ?? '');
}

function taker(keys: Map<string, string>): (key: string) => string | undefined {
  return (key) => {
    const value = keys.get(key);
    keys.delete(key);
    return value;
  };
}

function refuseRest(keys: ReadonlyMap<string, string>): void {
  if (keys.size > 0) throw new Error(`unknown: ${[...keys.keys()].join(', ')}`);
}

function oneOf<T extends string>(text: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === text);
  if (found === undefined) throw new Error(`"${text}" is none of ${allowed.join(', ')}`);
  return found;
}
