import { homedir } from 'node:os';
import { resolve } from 'node:path';

import type { ExposedPort } from '../core/model.ts';
import type { Mount, Place, Service, Written } from '../stack/project.ts';
import { isRecord, toList, toMap } from './compose-merge.ts';
import type { Data } from './compose-merge.ts';
import type { Found } from './compose-yaml.ts';

/** What the data of Compose files is read with. */
export interface Reading {
  readonly projectName: string;
  /** Relative paths begin here. */
  readonly folder: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Where something of a service is written. */
  readonly find: (service: string, ...path: readonly string[]) => Found | undefined;
  /** For what is written nowhere that was read. */
  readonly elsewhere: Place;
}

/**
 * The services in the data of Compose files, whether Compose has resolved them or not (Compose specification,
 * "Services"). Nothing else touches that data. What is not of the expected kind counts as absent: Compose itself refuses it.
 */
export function mapServices(data: Data, reading: Reading): readonly Service[] {
  const services = isRecord(data['services']) ? data['services'] : {};
  const networks = isRecord(data['networks']) ? data['networks'] : {};
  return Object.entries(services).flatMap(([name, service]) =>
    isRecord(service) ? [mapService(name, service, networks, reading)] : [],
  );
}

function mapService(name: string, service: Data, networks: Data, reading: Reading): Service {
  const build = service['build'];
  const deploy = isRecord(service['deploy']) ? service['deploy'] : {};
  const mode = readText(service['network_mode']);
  const context = isRecord(build) ? readText(build['context']) : readText(build);
  const attached = service['networks'] === undefined ? { default: null } : toMap(service['networks']);
  const at = reading.find(name)?.at ?? reading.elsewhere;
  return {
    name,
    at,
    image: readText(service['image']),
    buildContext:
      context === undefined ? (isRecord(build) ? reading.folder : undefined) : resolve(reading.folder, context),
    dockerfile: (isRecord(build) ? readText(build['dockerfile']) : undefined) ?? 'Dockerfile',
    buildTarget: isRecord(build) ? readText(build['target']) : undefined,
    containerName: readText(service['container_name']),
    command: [...readWords(service['entrypoint']), ...readWords(service['command'])],
    labels: mapWritten(name, ['labels'], service['labels'], at, reading),
    deployLabels: keepOurs(mapWritten(name, ['deploy', 'labels'], deploy['labels'], at, reading)),
    environment: mapWritten(name, ['environment'], service['environment'], at, reading),
    exposedPorts: [
      ...toList(service['expose']).flatMap(readExposed),
      ...toList(service['ports']).flatMap(readPublished),
    ],
    networks: mode === undefined ? Object.keys(attached).map((key) => realName(key, networks, reading)) : undefined,
    networkKeys: mode === undefined ? Object.keys(attached) : [],
    aliases: [
      ...Object.values(attached).flatMap((one) => (isRecord(one) ? toList(one['aliases']).map(String) : [])),
      ...[service['hostname'], service['container_name']].flatMap((one) => readText(one) ?? []),
    ],
    networkMode: mode,
    healthcheck: readHealthcheck(service['healthcheck']),
    replicas: readNumber(deploy['replicas']) ?? readNumber(service['scale']) ?? 1,
    profiles: toList(service['profiles']).map(String),
    mounts: mapMounts(service['volumes'], reading.folder),
    imageFacts: undefined,
  };
}

/** Compose hands numbers and booleans on as text, and nothing as an empty one. */
function mapWritten(
  service: string,
  path: readonly string[],
  data: unknown,
  at: Place,
  { find, variables }: Reading,
): ReadonlyMap<string, Written> {
  const isEnvironment = path[0] === 'environment';
  const entries = Object.entries(toMap(data)).flatMap(([key, given]): readonly (readonly [string, Written])[] => {
    const value = given === null ? (isEnvironment ? variables[key] : '') : readText(given);
    if (value === undefined) return [];
    const found = find(service, ...path, key);
    return [[key, { value, raw: found?.raw, at: found?.at ?? at }]];
  });
  return new Map(entries);
}

function keepOurs(labels: ReadonlyMap<string, Written>): ReadonlyMap<string, Written> {
  return new Map([...labels].filter(([label]) => label.startsWith('lb.')));
}

function realName(key: string, networks: Data, { projectName }: Reading): string {
  const network = networks[key];
  const name = isRecord(network) ? readText(network['name']) : undefined;
  const isExternal = isRecord(network) && network['external'] !== undefined && network['external'] !== false;
  return name ?? (isExternal ? key : `${projectName}_${key}`);
}

/** `8000`, `"8000"`, `"9000/udp"`, `"7000-7002"` */
function readExposed(given: unknown): readonly ExposedPort[] {
  const [, first, last, protocol = 'tcp'] = /^([0-9]+)(?:-([0-9]+))?(?:\/(tcp|udp|sctp))?$/.exec(String(given)) ?? [];
  if (first === undefined || (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp')) return [];
  const from = Number(first);
  // As many as an engine would show; a range without bound is a mistake.
  const count = Math.min(Math.max(Number(last ?? first) - from + 1, 0), 1000);
  return Array.from({ length: count }, (_, index) => ({ port: from + index, protocol }));
}

/** The target of `"80:8080"`, `"127.0.0.1:80:8080/udp"`, `8080`, `{ target: 8080 }` */
function readPublished(given: unknown): readonly ExposedPort[] {
  if (isRecord(given)) return readExposed(`${String(given['target'])}/${readText(given['protocol']) ?? 'tcp'}`);
  return readExposed(String(given).split(':').at(-1));
}

function readHealthcheck(given: unknown): Service['healthcheck'] {
  if (!isRecord(given)) return undefined;
  const test = given['test'];
  const isNone = test === 'NONE' || (Array.isArray(test) && test[0] === 'NONE');
  if (given['disable'] === true || isNone) return 'off';
  return test === undefined || test === null ? undefined : 'on';
}

/** Of two at one place the later one counts. */
function mapMounts(data: unknown, folder: string): readonly Mount[] {
  const mounts = toList(data).flatMap((given) =>
    isRecord(given) ? mapLong(given, folder) : mapShort(String(given), folder),
  );
  return [...new Map(mounts.map((mount) => [mount.target.replace(/(?<=.)\/+$/, ''), mount])).values()];
}

function mapLong(given: Data, folder: string): readonly Mount[] {
  const target = readText(given['target']);
  if (target === undefined) return [];
  const kind = given['type'] === 'bind' || given['type'] === 'volume' ? given['type'] : 'other';
  const source = readText(given['source']);
  const place = kind === 'bind' && source !== undefined ? toPath(source, folder) : source;
  return [{ kind, source: place, target, isReadOnly: given['read_only'] === true }];
}

/** `VOLUME:TARGET:ro`, `./PATH:TARGET`, `TARGET` */
function mapShort(given: string, folder: string): readonly Mount[] {
  const [source = '', target, options = ''] = given.split(':');
  if (target === undefined) return [{ kind: 'volume', source: undefined, target: source, isReadOnly: false }];
  const isReadOnly = options.split(',').includes('ro');
  const isBind = /^[./~]/.test(source);
  return [{ kind: isBind ? 'bind' : 'volume', source: isBind ? toPath(source, folder) : source, target, isReadOnly }];
}

function toPath(source: string, folder: string): string {
  return resolve(folder, source.replace(/^~(?=\/|$)/, homedir()));
}

function readWords(given: unknown): readonly string[] {
  if (Array.isArray(given)) return given.map(String);
  return typeof given === 'string' ? given.split(/\s+/).filter((word) => word !== '') : [];
}

function readText(given: unknown): string | undefined {
  return typeof given === 'string' || typeof given === 'number' || typeof given === 'boolean'
    ? String(given)
    : undefined;
}

function readNumber(given: unknown): number | undefined {
  const number = typeof given === 'string' && given !== '' ? Number(given) : given;
  return typeof number === 'number' && Number.isInteger(number) ? number : undefined;
}
