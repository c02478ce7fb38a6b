import { compareText } from './compare-text.ts';
import type { Scope } from './eligible.ts';
import { stackLabel } from './project.ts';
import type { Attachment, Container, ContainerState, Departure, ExposedPort, Health } from './model.ts';

/** A task of Docker Swarm, as much of it as counts (Docker API, `Task`). */
export interface SwarmTask {
  readonly id: string;
  /** Rises with each change of the task. */
  readonly version: number;
  readonly serviceId: string;
  /** Undefined until it is assigned to one. */
  readonly nodeId: string | undefined;
  /** Of a replicated service: which of its replicas. */
  readonly slot: number | undefined;
  /** Unix time in seconds. */
  readonly createdAt: number;
  /** `Status.State`, in Swarm's words. */
  readonly state: string;
  /** On its node; undefined while there is none. */
  readonly containerId: string | undefined;
  /** Of its containers: `labels` beside `image` in a stack's file. */
  readonly labels: Readonly<Record<string, string>>;
  /** Without the routing mesh's, which leads to published ports only. */
  readonly attachments: readonly Attachment[];
  /** `PORT` of its environment. */
  readonly portVariable: number | undefined;
}

/** A service (Docker API, `Service`). */
export interface SwarmService {
  readonly id: string;
  /** With the stack's name before it: `shop_app`. */
  readonly name: string;
  /** `deploy.labels` in a stack's file. */
  readonly labels: Readonly<Record<string, string>>;
  /** The ports of its containers that it publishes. */
  readonly targetPorts: readonly ExposedPort[];
  /** How long a container is given to end. */
  readonly stopGraceMs: number;
  /** A rolling update, or its way back, is under way. */
  readonly isUpdating: boolean;
}

/** A machine of the Swarm (Docker API, `Node`). */
export interface SwarmNode {
  readonly id: string;
  readonly name: string;
}

/** A task that is no longer wanted. */
export interface LeavingTask {
  readonly task: SwarmTask;
  /** Since when that is known, Unix milliseconds. */
  readonly sinceMs: number;
  /** The same by the clock that never jumps. */
  readonly leftMs: number;
}

/** So many are asked for by their ids: each takes 30 bytes in a question, which HAProxy takes up to some 16 kB of. */
export const mostServices = 200;

/** As many digits as `docker service ps` shows. */
const shortIdLength = 12;

/**
 * A task as the container that it is: named as on its node, but with a short id; with the labels of its service, over those of
 * its containers, and the service's published ports as those it exposes, since no manager knows what an image does.
 *
 * @param service undefined while it is not known: then it asks for nothing
 * @param node undefined while its name is not known
 */
export function asContainer(
  task: SwarmTask,
  service: SwarmService | undefined,
  node: SwarmNode | undefined,
  departure?: Departure,
): Container {
  const { id, createdAt, attachments, portVariable, containerId } = task;
  const serviceName = service?.name ?? task.serviceId.slice(0, shortIdLength);
  const nodeName = node?.name ?? task.nodeId?.slice(0, shortIdLength);
  const place = task.slot === undefined ? (nodeName ?? 'nowhere') : String(task.slot);
  const targetPorts = service?.targetPorts ?? [];
  const isPortTold = targetPorts.some(({ protocol }) => protocol === 'tcp') || portVariable === undefined;
  return {
    id,
    name: `${serviceName}.${place}.${id.slice(0, shortIdLength)}`,
    createdAt,
    state: toState(task.state),
    health: toHealth(task.state),
    labels: service === undefined ? {} : { ...task.labels, ...service.labels },
    attachments,
    exposedPorts: isPortTold ? targetPorts : [...targetPorts, { port: portVariable, protocol: 'tcp' }],
    portVariable,
    node: nodeName,
    task: { service: serviceName, containerId },
    departure,
  };
}

/**
 * The services whose tasks may matter: those in scope, and the balancers' own. Undefined where that is nearly all, or so many
 * that no manager, and no proxy before it, would take all of their ids at once.
 *
 * @param own the task that lbwatch itself is
 */
export function listConcerned(
  services: ReadonlyMap<string, SwarmService>,
  scope: Scope | 'own',
  own: SwarmTask,
): readonly string[] | undefined {
  const stackOf = (service: SwarmService | undefined): string | undefined => service?.labels[stackLabel];
  const stack = stackOf(services.get(own.serviceId));
  const isConcerned = (service: SwarmService): boolean => {
    if (service.id === own.serviceId) return true;
    if (scope === 'own') return stackOf(service) === stack;
    return scope.kind === 'all' || scope.names.some((name) => name === stackOf(service));
  };
  const concerned = [...services.values()].filter(isConcerned).map(({ id }) => id);
  return concerned.length <= mostServices && concerned.length < services.size ? concerned : undefined;
}

/** The services whose tasks Swarm is about to change. A task that waits for a machine is not on its way. */
export function listMoving(tasks: Iterable<SwarmTask>, services: Iterable<SwarmService>): ReadonlySet<string> {
  const moving = new Set<string>();
  for (const { id, isUpdating } of services) if (isUpdating) moving.add(id);
  for (const { serviceId, state } of tasks) if (state !== 'running' && state !== 'pending') moving.add(serviceId);
  return moving;
}

/**
 * The tasks that are gone from the list, whose address nobody else has by now, and whose time to end is not over.
 *
 * @param nowMs of the clock that never jumps
 */
export function stillLeaving(
  before: Iterable<LeavingTask>,
  listed: ReadonlyMap<string, SwarmTask>,
  graceMs: (serviceId: string) => number,
  nowMs: number,
): readonly LeavingTask[] {
  const taken = new Set<string>();
  for (const { attachments } of listed.values()) for (const place of placesOf(attachments)) taken.add(place);
  return [...before].filter(
    ({ task, leftMs }) =>
      !listed.has(task.id) &&
      nowMs - leftMs < graceMs(task.serviceId) &&
      !placesOf(task.attachments).some((place) => taken.has(place)),
  );
}

/** Whoever is listed twice in another order is listed the same. */
export function sortTasks(tasks: readonly SwarmTask[]): readonly SwarmTask[] {
  return [...tasks].sort((one, other) => one.createdAt - other.createdAt || compareText(one.id, other.id));
}

/** On a machine's own network nobody has an address for himself. */
function placesOf(attachments: readonly Attachment[]): readonly string[] {
  return attachments.flatMap(({ network, address }) => (address === undefined ? [] : [`${network} ${address}`]));
}

/** Swarm calls a container running when its health check has passed, where it has one (swarmkit, `TaskState`). */
function toState(state: string): ContainerState {
  switch (state) {
    case 'running':
    case 'starting':
      return 'running';
    case 'new':
    case 'pending':
    case 'assigned':
    case 'accepted':
    case 'preparing':
    case 'ready':
      return 'created';
    default:
      return 'exited';
  }
}

function toHealth(state: string): Health {
  return state === 'starting' ? 'starting' : 'none';
}
