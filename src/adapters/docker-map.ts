import type Docker from 'dockerode';

import type { Attachment, Container, ContainerState, ExposedPort, Health } from '../core/model.ts';
import type { EngineEvent } from '../loop/ports.ts';

/** The only place that knows the Docker API's JSON. Nothing here throws: what is missing is read as absent. */

/** What the types promise and older engines, Podman or another state of the container leave out. */
type Sparse<T> = { readonly [Key in keyof T]?: T[Key] | null };

const states: readonly ContainerState[] = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

/** `GET /containers/json`, one element. */
export function toContainer(info: Docker.ContainerInfo, portVariable: number | undefined): Container {
  return {
    id: info.Id,
    name: (info.Names[0] ?? info.Id.slice(0, 12)).replace(/^\//, ''),
    createdAt: info.Created,
    state: states.find((state) => state === info.State) ?? 'dead',
    health: toHealth(info.Status),
    labels: info.Labels,
    attachments: toAttachments(info),
    exposedPorts: toExposedPorts(info),
    portVariable,
  };
}

/** Health is told in the human status only: `Up 5 seconds (healthy)`, `(unhealthy)`, `(health: starting)`. */
function toHealth(status: string): Health {
  const word = /\((healthy|unhealthy|health: starting|starting)\)\s*$/.exec(status)?.[1];
  if (word === undefined) return 'none';
  return word === 'healthy' || word === 'unhealthy' ? word : 'starting';
}

function toAttachments(info: Docker.ContainerInfo): readonly Attachment[] {
  const { NetworkSettings: settings } = info as Sparse<Docker.ContainerInfo>;
  return Object.entries(settings?.Networks ?? {}).map(([network, endpoint]) => ({
    network,
    address: endpoint.IPAddress || endpoint.GlobalIPv6Address || undefined,
  }));
}

function toExposedPorts(info: Docker.ContainerInfo): readonly ExposedPort[] {
  const { Ports: ports } = info as Sparse<Docker.ContainerInfo>;
  return (ports ?? []).flatMap(({ PrivatePort, Type }) =>
    Type === 'tcp' || Type === 'udp' || Type === 'sctp' ? [{ port: PrivatePort, protocol: Type }] : [],
  );
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

/** `GET /containers/{id}/top` with `pid,args`: rows of text under titles. */
export function toProcesses(top: unknown): readonly Process[] {
  const rows: unknown = isRecord(top) ? top['Processes'] : undefined;
  return toList(rows).flatMap((row) => {
    const [pid, ...words] = toList(row);
    return [{ pid: Number(pid), command: words.join(' ') }];
  });
}

/** A line of `GET /events`; undefined for what names no container. Podman says `died` and tells health elsewhere. */
export function toEngineEvent(line: unknown): EngineEvent | undefined {
  if (!isRecord(line)) return undefined;
  const actor = isRecord(line['Actor']) ? line['Actor'] : {};
  const attributes = isRecord(actor['Attributes']) ? actor['Attributes'] : {};
  // A network's event carries the container's id as an attribute, and no labels.
  const containerId = line['Type'] === 'network' ? attributes['container'] : actor['ID'];
  const action = line['Action'];
  if (typeof containerId !== 'string' || typeof action !== 'string') return undefined;
  const nanoseconds = typeof line['timeNano'] === 'number' ? line['timeNano'] : Number(line['time']) * 1e9;
  return { action: toAction(action, line, attributes), containerId, atMs: nanoseconds / 1e6 };
}

function toAction(action: string, line: Record<string, unknown>, attributes: Record<string, unknown>): string {
  if (action === 'died') return 'die';
  if (action !== 'health_status') return action;
  const status = line['HealthStatus'] ?? attributes['health_status'];
  return typeof status === 'string' ? `health_status: ${status}` : action;
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
