import type { SwarmNode, SwarmService, SwarmTask } from '../core/swarm.ts';
import type { Subscription } from '../loop/ports.ts';
import type { DockerEngine } from './docker.ts';
import { toNode, toService, toSwarmEvent, toTask } from './swarm-map.ts';

/**
 * Only those that are wanted, now or as soon as another has ended: Swarm keeps four ended ones for each that runs. Who is
 * to leave is wanted no longer, three seconds before its container gets the signal (moby, `defaultGossipConvergeDelay`).
 */
const wanted = ['running', 'ready'];

/** What a manager tells of a Swarm. Each method may throw an AppError. */
export interface SwarmApi {
  /** Those whose desired state is to run, or to be ready to. */
  listTasks(): Promise<readonly SwarmTask[]>;
  listServices(): Promise<readonly SwarmService[]>;
  listNodes(): Promise<readonly SwarmNode[]>;
  /** The events of services and nodes. */
  subscribe(subscription: Subscription): Promise<void>;
}

/** The same through the Engine API of a manager. */
export class ManagerApi implements SwarmApi {
  readonly #engine: DockerEngine;

  constructor(engine: DockerEngine) {
    this.#engine = engine;
  }

  async listTasks(): Promise<readonly SwarmTask[]> {
    return parsed(await this.#engine.listTasks({ 'desired-state': wanted }), toTask);
  }

  async listServices(): Promise<readonly SwarmService[]> {
    return parsed(await this.#engine.listServices(), toService);
  }

  async listNodes(): Promise<readonly SwarmNode[]> {
    return parsed(await this.#engine.listNodes(), toNode);
  }

  subscribe(subscription: Subscription): Promise<void> {
    return this.#engine.subscribe(subscription, swarmEvents);
  }
}

const swarmEvents = {
  filters: { type: ['service', 'node'], event: ['create', 'update', 'remove'] },
  parse: toSwarmEvent,
};

function parsed<T>(raw: readonly unknown[], parse: (one: unknown) => T | undefined): readonly T[] {
  return raw.flatMap((one) => parse(one) ?? []);
}
