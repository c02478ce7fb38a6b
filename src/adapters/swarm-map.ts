import type { Attachment, ExposedPort } from '../core/model.ts';
import type { SwarmNode, SwarmService, SwarmTask } from '../core/swarm.ts';
import type { EngineEvent } from '../loop/ports.ts';
import { toLabels, toPortVariable, toText } from './docker-map.ts';
import { isRecord, toList } from './raw-data.ts';

/** The only place that knows the JSON of Swarm's part of the Docker API. Nothing here throws: what is missing is read as absent. */

type Raw = Readonly<Record<string, unknown>>;

/** As the API counts time spans. */
const nanosecondsPerMs = 1e6;
/** Where a service says nothing (Docker docs, `--stop-grace-period`). */
const defaultStopGraceMs = 10_000;
const updatingStates: ReadonlySet<unknown> = new Set(['updating', 'rollback_started']);

/** One element of `GET /tasks`; undefined for what is none, such as the attachment of a container to a network. */
export function toTask(raw: unknown): SwarmTask | undefined {
  const [task, spec, status] = [toRecord(raw), recordIn(raw, 'Spec'), recordIn(raw, 'Status')];
  const [id, serviceId] = [toText(task['ID']), toText(task['ServiceID'])];
  if (id === undefined || serviceId === undefined) return undefined;
  const containerSpec = recordIn(spec, 'ContainerSpec');
  const slot = task['Slot'];
  return {
    id,
    version: toNumber(recordIn(task, 'Version')['Index']),
    serviceId,
    nodeId: toText(task['NodeID']),
    slot: typeof slot === 'number' && slot > 0 ? slot : undefined,
    createdAt: Math.floor(Date.parse(String(task['CreatedAt'])) / 1000) || 0,
    state: toText(status['State']) ?? 'unknown',
    containerId: toText(recordIn(status, 'ContainerStatus')['ContainerID']),
    labels: toLabels(toRecord(containerSpec['Labels'])),
    attachments: toList(task['NetworksAttachments']).flatMap(toAttachment),
    portVariable: toPortVariable(toList(containerSpec['Env']).filter((line) => typeof line === 'string')),
  };
}

/** One element of `GET /services`. */
export function toService(raw: unknown): SwarmService | undefined {
  const [service, spec] = [toRecord(raw), recordIn(raw, 'Spec')];
  const [id, name] = [toText(service['ID']), toText(spec['Name'])];
  if (id === undefined || name === undefined) return undefined;
  const graceNs = recordIn(recordIn(spec, 'TaskTemplate'), 'ContainerSpec')['StopGracePeriod'];
  return {
    id,
    name,
    labels: toLabels(toRecord(spec['Labels'])),
    targetPorts: toList(recordIn(service, 'Endpoint')['Ports']).flatMap(toTargetPort),
    stopGraceMs: typeof graceNs === 'number' ? graceNs / nanosecondsPerMs : defaultStopGraceMs,
    isUpdating: updatingStates.has(recordIn(service, 'UpdateStatus')['State']),
  };
}

/** One element of `GET /nodes`. */
export function toNode(raw: unknown): SwarmNode | undefined {
  const id = toText(toRecord(raw)['ID']);
  const name = toText(recordIn(raw, 'Description')['Hostname']);
  return id === undefined || name === undefined ? undefined : { id, name };
}

/** A line of `GET /events` about a service or a node. */
export function toSwarmEvent(line: unknown): EngineEvent | undefined {
  const event = toRecord(line);
  const [type, action, id] = [toText(event['Type']), toText(event['Action']), toText(recordIn(event, 'Actor')['ID'])];
  if ((type !== 'service' && type !== 'node') || action === undefined || id === undefined) return undefined;
  const nanoseconds = typeof event['timeNano'] === 'number' ? event['timeNano'] : Number(event['time']) * 1e9;
  return {
    action: `${type} ${action}`,
    containerId: id,
    signal: undefined,
    atMs: nanoseconds / nanosecondsPerMs,
  };
}

/** Addresses come with a prefix length: `10.0.1.5/24`. */
function toAttachment(raw: unknown): readonly Attachment[] {
  const spec = recordIn(recordIn(raw, 'Network'), 'Spec');
  const network = toText(spec['Name']);
  if (network === undefined || spec['Ingress'] === true) return [];
  const addresses = toList(toRecord(raw)['Addresses']).filter((address) => typeof address === 'string');
  return [{ network, address: toText(addresses[0]?.split('/')[0]) }];
}

function toTargetPort(raw: unknown): readonly ExposedPort[] {
  const { TargetPort: port, Protocol: protocol } = toRecord(raw);
  const isPort = typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535;
  return isPort && (protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp') ? [{ port, protocol }] : [];
}

function toRecord(value: unknown): Raw {
  return isRecord(value) ? value : {};
}

function recordIn(value: unknown, key: string): Raw {
  return toRecord(toRecord(value)[key]);
}

function toNumber(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
