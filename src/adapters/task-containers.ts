import type { Container } from '../core/model.ts';
import { asContainer } from '../core/swarm.ts';
import type { LeavingTask, SwarmNode, SwarmService, SwarmTask } from '../core/swarm.ts';

/** A container as it was made, and all that it was made from. */
interface Made {
  readonly version: number;
  readonly service: SwarmService | undefined;
  readonly node: SwarmNode | undefined;
  readonly sinceMs: number | undefined;
  readonly container: Container;
}

/** Services, or nodes, by their ids; undefined while they are not known. */
type ById<T> = ReadonlyMap<string, T> | undefined;

/** Tasks as containers. What is as it was stays the same object. */
export class TaskContainers {
  #made = new Map<string, Made>();

  /** All of them, and from now on nobody else is remembered. */
  make(
    wanted: Iterable<SwarmTask>,
    leaving: readonly LeavingTask[],
    services: ById<SwarmService>,
    nodes: ById<SwarmNode>,
  ): readonly Container[] {
    const made = new Map<string, Made>();
    const add = (task: SwarmTask, sinceMs: number | undefined): void => {
      const node = task.nodeId === undefined ? undefined : nodes?.get(task.nodeId);
      made.set(task.id, this.#makeOne(task, services?.get(task.serviceId), node, sinceMs));
    };
    for (const task of wanted) add(task, undefined);
    for (const { task, sinceMs } of leaving) add(task, sinceMs);
    this.#made = made;
    return [...made.values()].map(({ container }) => container);
  }

  #makeOne(
    task: SwarmTask,
    service: SwarmService | undefined,
    node: SwarmNode | undefined,
    sinceMs: number | undefined,
  ): Made {
    const { id, version } = task;
    const known = this.#made.get(id);
    const isSame =
      known?.version === version && known.service === service && known.node === node && known.sinceMs === sinceMs;
    if (isSame) return known;
    const departure = sinceMs === undefined ? undefined : ({ kind: 'signalled', sinceMs } as const);
    return { version, service, node, sinceMs, container: asContainer(task, service, node, departure) };
  }
}
