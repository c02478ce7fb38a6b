import { constants } from 'node:os';

import type Docker from 'dockerode';

import { needsPortVariable } from '../core/address.ts';
import type { Attachment, Container, ContainerState, ExposedPort, Health, PublishedPort } from '../core/model.ts';
import type { EngineEvent } from '../loop/ports.ts';
import { isRecord, toList } from './raw-data.ts';

/** The only place that knows the Docker API's JSON. Nothing here throws: what is missing is read as absent. */

type Endpoint = { readonly IPAddress: string; readonly GlobalIPv6Address: string };

/** What the types promise and older engines, Podman or another state of the container leave out. */
type Sparse<T> = { readonly [Key in keyof T]?: T[Key] | null };

/** As the engine counts them on Linux (moby, `signal_linux.go`). */
const firstRealTimeSignal = 34;
const lastRealTimeSignal = 64;

const healths: readonly Health[] = ['none', 'starting', 'healthy', 'unhealthy'];
const states: readonly ContainerState[] = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

/** `GET /containers/json`, one element. */
export function toContainer(info: Docker.ContainerInfo, portVariable: number | undefined): Container {
  return {
    id: info.Id,
    name: ((info as Sparse<Docker.ContainerInfo>).Names?.[0] ?? info.Id.slice(0, 12)).replace(/^\//, ''),
    createdAt: info.Created,
    state: states.find((state) => state === info.State) ?? 'dead',
    health: toHealth(info.Status),
    labels: toLabels((info as Sparse<Docker.ContainerInfo>).Labels),
    attachments: toAttachments((info as Sparse<Docker.ContainerInfo>).NetworkSettings?.Networks),
    exposedPorts: toExposedPorts(info),
    portVariable,
  };
}

/** The same of an element that nobody has looked at yet. Throws a TypeError where it is no container at all. */
export function toListed(element: unknown): Container {
  return toContainer(element as Docker.ContainerInfo, undefined);
}

/** The ports that it passes on. */
export function toListedPorts(element: unknown): readonly PublishedPort[] {
  return toPublishedPorts(element as Docker.ContainerInfo);
}

/** `GET /containers/{id}/json`: the same as {@link toContainer} makes of the list's element. */
export function toInspected(info: Docker.ContainerInspectInfo): Container {
  const { State, Config, NetworkSettings } = info as Sparse<Docker.ContainerInspectInfo>;
  const container: Container = {
    id: info.Id,
    name: info.Name.replace(/^\//, ''),
    createdAt: Math.floor(Date.parse(info.Created) / 1000) || 0,
    state: states.find((state) => state === State?.Status) ?? 'dead',
    health: healths.find((health) => health === State?.Health?.Status) ?? 'none',
    labels: toLabels(Config?.Labels),
    attachments: toAttachments(NetworkSettings?.Networks),
    exposedPorts: toPortKeys(NetworkSettings?.Ports),
    portVariable: undefined,
  };
  // Not kept where nobody asks for it: an environment is nobody's to read.
  return needsPortVariable(container) ? { ...container, portVariable: toPortVariable(Config?.Env) } : container;
}

/** `8001/tcp`, or `8001` as Compose writes it: a port without a protocol is tcp's. */
function toPortKeys(ports: Readonly<Record<string, unknown>> | null | undefined): readonly ExposedPort[] {
  return Object.keys(ports ?? {}).flatMap((key) => {
    const [port = '', protocol = 'tcp'] = key.split('/');
    return toExposedPort(/^\d+$/.test(port) ? Number(port) : 0, protocol);
  });
}

/** Health is told in the human status only: `Up 5 seconds (healthy)`, `(unhealthy)`, `(health: starting)`. */
function toHealth(status: string): Health {
  const word = /\((healthy|unhealthy|health: starting|starting)\)\s*$/.exec(status)?.[1];
  if (word === undefined) return 'none';
  return word === 'healthy' || word === 'unhealthy' ? word : 'starting';
}

function toAttachments(
  networks: Readonly<Record<string, Sparse<Endpoint> | null>> | null | undefined,
): readonly Attachment[] {
  return Object.entries(networks ?? {}).map(([network, endpoint]) => ({
    network,
    address: toText(endpoint?.IPAddress) ?? toText(endpoint?.GlobalIPv6Address),
  }));
}

/** Undefined for what is no text, and for an empty one. */
export function toText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Texts only: who stands between us and the engine may send anything. */
export function toLabels(
  labels: Readonly<Record<string, unknown>> | null | undefined,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(labels ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function toExposedPorts(info: Docker.ContainerInfo): readonly ExposedPort[] {
  const { Ports: ports } = info as Sparse<Docker.ContainerInfo>;
  return (ports ?? []).flatMap(({ PrivatePort, Type }) => toExposedPort(PrivatePort, Type));
}

function toExposedPort(port: number, protocol: string): readonly ExposedPort[] {
  const isPort = Number.isInteger(port) && port >= 1 && port <= 65_535;
  return isPort && (protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp') ? [{ port, protocol }] : [];
}

/** `GET /containers/json`, one element: the ports that its machine passes on. */
function toPublishedPorts(info: Docker.ContainerInfo): readonly PublishedPort[] {
  const { Ports: ports } = info as Sparse<Docker.ContainerInfo>;
  return (ports ?? []).flatMap(({ PrivatePort, Type, PublicPort, IP }: Partial<Docker.Port>) =>
    toExposedPort(PrivatePort ?? 0, Type ?? '').flatMap((exposed) => toPublishedPort(exposed, PublicPort, IP)),
  );
}

/** `GET /containers/{id}/json`: the same. */
export function toInspectedPublishedPorts(info: Docker.ContainerInspectInfo): readonly PublishedPort[] {
  const { NetworkSettings } = info as Sparse<Docker.ContainerInspectInfo>;
  return Object.entries(NetworkSettings?.Ports ?? {}).flatMap(([key, bindings]) =>
    toPortKeys({ [key]: bindings }).flatMap((exposed) =>
      toList(bindings).flatMap((binding) =>
        isRecord(binding) ? toPublishedPort(exposed, binding['HostPort'], binding['HostIp']) : [],
      ),
    ),
  );
}

/** The list tells numbers, inspect texts. */
function toPublishedPort(exposed: ExposedPort, port: unknown, hostAddress: unknown): readonly PublishedPort[] {
  const hostPort = Number(port);
  const isPort = Number.isInteger(hostPort) && hostPort >= 1 && hostPort <= 65_535;
  return isPort ? [{ ...exposed, hostPort, hostAddress: toText(hostAddress) }] : [];
}

/** `PORT` among `KEY=value` lines of `Config.Env`; undefined unless it is a port. Nothing else of the environment is kept. */
export function toPortVariable(environment: readonly string[] | null | undefined): number | undefined {
  const text = environment?.find((line) => line.startsWith('PORT='))?.slice('PORT='.length) ?? '';
  const port = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** A process in a container, as the engine's `top` tells it; pids are the host's. */
export interface Process {
  readonly pid: number;
  readonly command: string;
}

/** `GET /containers/{id}/top` with `pid,args`: rows of text under titles; Podman leaves each row in one piece. */
export function toProcesses(top: unknown): readonly Process[] {
  const rows: unknown = isRecord(top) ? top['Processes'] : undefined;
  return toList(rows).flatMap((row) => {
    const [pid, ...words] = toList(row).join(' ').trimStart().split(' ');
    return [{ pid: Number(pid), command: words.join(' ').trimStart() }];
  });
}

/** Which engine answers, as `GET /version` says. */
export interface EngineVersion {
  /** For people: `Docker Engine 28.5.2 (API 1.51)`. */
  readonly text: string;
  readonly isPodman: boolean;
  /** Such as `1.41`. */
  readonly api: string;
}

/** `GET /version`. */
export function toEngineVersion(version: unknown): EngineVersion {
  const told = isRecord(version) ? version : {};
  const word = (name: string): string => {
    const value = told[name];
    return typeof value === 'string' ? value : 'unknown';
  };
  const api = word('ApiVersion');
  const name = isPodman(version) ? 'Podman' : 'Docker Engine';
  return { text: `${name} ${word('Version')} (API ${api})`, isPodman: isPodman(version), api };
}

/** `GET /version`: Podman names itself among the components, and says Docker's API version elsewhere. */
export function isPodman(version: unknown): boolean {
  const components = isRecord(version) ? toList(version['Components']) : [];
  return components.some((component) => isRecord(component) && component['Name'] === 'Podman Engine');
}

/**
 * A line of `GET /events`; undefined for what names no container. Podman (4.3) names the container itself as the actor of
 * a network's event, no signal for `kill`, and a health status of before the probe.
 */
export function toEngineEvent(line: unknown): EngineEvent | undefined {
  if (!isRecord(line)) return undefined;
  const actor = isRecord(line['Actor']) ? line['Actor'] : {};
  const attributes = isRecord(actor['Attributes']) ? actor['Attributes'] : {};
  // A network's event carries the container's id as an attribute, and no labels. All of Podman's name a pod, or none.
  const isOfNetwork = line['Type'] === 'network' && !('podId' in attributes);
  const containerId = isOfNetwork ? attributes['container'] : actor['ID'];
  const action = line['Action'];
  if (typeof containerId !== 'string' || typeof action !== 'string') return undefined;
  const nanoseconds = typeof line['timeNano'] === 'number' ? line['timeNano'] : Number(line['time']) * 1e9;
  const signal = action === 'kill' ? toSignal(attributes['signal']) : undefined;
  const event = { action: toAction(action, line, attributes), containerId, signal, atMs: nanoseconds / 1e6 };
  // Podman leaves the labels out of some of its events.
  if (line['Type'] === 'network' || 'podId' in attributes) return event;
  const { name } = attributes;
  return { ...event, name: typeof name === 'string' ? name : undefined, labels: toLabels(attributes) };
}

function toAction(action: string, line: Record<string, unknown>, attributes: Record<string, unknown>): string {
  if (action === 'died') return 'die';
  if (action === 'remove') return 'destroy';
  if (action !== 'health_status') return action;
  const status = line['HealthStatus'] ?? attributes['health_status'];
  return typeof status === 'string' ? `health_status: ${status}` : action;
}

/** `GET /containers/{id}/json`: the number of the signal that stops it; where none is named, the engine's default. */
export function toStopSignal(info: Docker.ContainerInspectInfo): number {
  const { Config: config } = info;
  return toSignal('StopSignal' in config ? config.StopSignal : undefined) ?? constants.signals.SIGTERM;
}

/** `State` of `GET /containers/{id}/json`: when it was started last; undefined for one that never was. */
export function toStartedAt(state: unknown): number | undefined {
  const startedAt = isRecord(state) ? state['StartedAt'] : undefined;
  const atMs = typeof startedAt === 'string' ? Date.parse(startedAt) : 0;
  return atMs > 0 ? atMs : undefined;
}

/**
 * A signal as its number: the engine writes `15` in events and, in `Config.StopSignal`, whatever the image's author did:
 * `SIGTERM`, `term`, `15`, `SIGRTMIN+3`. Undefined for what names none.
 */
function toSignal(value: unknown): number | undefined {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).toUpperCase() : '';
  if (/^[1-9][0-9]?$/.test(text)) return Number(text);
  const name = text.startsWith('SIG') ? text : `SIG${text}`;
  const realTime = /^SIGRT(MIN|MAX)(?:([+-])([0-9]{1,2}))?$/.exec(name);
  if (realTime !== null) {
    const offset = Number(realTime[3] ?? 0) * (realTime[2] === '-' ? -1 : 1);
    return (realTime[1] === 'MIN' ? firstRealTimeSignal : lastRealTimeSignal) + offset;
  }
  return Object.entries(constants.signals).find(([known]) => known === name)?.[1];
}
