import type { SwarmNode, SwarmService, SwarmTask } from '../core/swarm.ts';
import type { Subscription } from '../loop/ports.ts';
import type { DockerEngine } from './docker.ts';
import { toNode, toService, toSwarmEvent, toTask } from './swarm-map.ts';

/**
 * Only those that are wanted, now or as soon as another has ended: Swarm keeps four ended ones for each that runs. Who is
 * to leave is wanted no longer, three seconds before its container gets the signal (moby, `defaultGossipConvergeDelay`).
 */
const wanted = ['running', 'ready'];

/** A manager without a leader holds a call for 20 s (seen with engine 20.10); another manager may have one by then. */
const callTimeoutMs = 5000;

/** What a manager tells of a Swarm. Each method may throw an AppError. */
export interface SwarmApi {
  /**
   * Those whose desired state is to run, or to be ready to.
   *
   * @param serviceIds of these services alone; undefined: of all
   * @returns undefined where one of these services is no more
   */
  listTasks(serviceIds: readonly string[] | undefined): Promise<readonly SwarmTask[] | undefined>;
  listServices(): Promise<readonly SwarmService[]>;
  listNodes(): Promise<readonly SwarmNode[]>;
  /** The events of services and nodes. */
  subscribe(subscription: Subscription): Promise<void>;
}

/** The same through the Engine API of a manager. */
export class ManagerApi implements SwarmApi {
  readonly #engine: DockerEngine;

  /** @param engine nobody else's: calls are given less time from now on */
  constructor(engine: DockerEngine) {
    this.#engine = engine;
    this.#engine.callTimeoutMs = callTimeoutMs;
  }

  async listTasks(serviceIds: readonly string[] | undefined): Promise<readonly SwarmTask[] | undefined> {
    const filters = { 'desired-state': wanted, ...(serviceIds === undefined ? {} : { service: serviceIds }) };
    const tasks = await this.#engine.listSwarm('tasks', filters, toTask);
    return tasks && withoutNone(tasks);
  }

  async listServices(): Promise<readonly SwarmService[]> {
    return withoutNone((await this.#engine.listSwarm('services', {}, toService)) ?? []);
  }

  async listNodes(): Promise<readonly SwarmNode[]> {
    return withoutNone((await this.#engine.listSwarm('nodes', {}, toNode)) ?? []);
  }

  subscribe(subscription: Subscription): Promise<void> {
    return this.#engine.subscribe(subscription, swarmEvents);
  }
}

const swarmEvents = {
  filters: { type: ['service', 'node'], event: ['create', 'update', 'remove'] },
  parse: toSwarmEvent,
};

function withoutNone<T>(list: readonly (T | undefined)[]): readonly T[] {
  return list.filter((one) => one !== undefined);
}
