import type { Reach } from '../core/address.ts';
import { chooseNginx, commonReach, listDoubts } from '../core/choose-nginx.ts';
import type { Container } from '../core/model.ts';
import { printable } from '../core/printable.ts';
import { projectOf } from '../core/project.ts';
import { AppError } from '../loop/ports.ts';
import type { FoundTargets, Targets } from '../loop/ports.ts';
import type { DockerEngine } from './docker.ts';
import { clearGates } from './gate.ts';
import { ContainerMemory, NginxContainer } from './nginx-container.ts';
import { NginxLocal } from './nginx-local.ts';
import type { LocalCommand } from './nginx-local.ts';

/** nginx in containers, looked up each time, since a recreated one has another id and address. */
export class ContainerTargets implements Targets {
  readonly #engineOf: (containerId: string) => DockerEngine;
  readonly #setting: string | undefined;
  readonly #selfId: string | undefined;
  readonly #port: number;
  readonly #memories = new Map<string, ContainerMemory>();
  #gates: string | undefined;

  /**
   * @param engineOf the engine that has a container
   * @param setting LBWATCH_NGINX
   * @param selfId the id of the controller's own container, where it is in one
   * @param port where nginx answers for lbwatch
   */
  constructor(
    engineOf: (containerId: string) => DockerEngine,
    setting: string | undefined,
    selfId: string | undefined,
    port: number,
  ) {
    this.#engineOf = engineOf;
    this.#setting = setting;
    this.#selfId = selfId;
    this.#port = port;
  }

  find(containers: readonly Container[]): Promise<FoundTargets> {
    const self = findSelf(containers, this.#selfId);
    const project = self && projectOf(self);
    const chosen = chooseNginx(containers, this.#setting, project);
    const running = chosen.filter(({ state }) => state === 'running');
    const reach = commonReach(
      running.length > 0 ? running : chosen.length > 0 ? chosen : self === undefined ? [] : [self],
    );
    const targets = running.map((container) => {
      const host = addressFor(container, self);
      return new NginxContainer(
        this.#engineOf(container.id),
        container,
        host,
        this.#port,
        this.#remember(container.id),
      );
    });
    void this.#forgetAllBut(new Set(running.map(({ id }) => id)));
    const missing = targets.length > 0 ? undefined : this.#describeMissing(chosen);
    const doubts = this.#setting === undefined ? listDoubts(containers, chosen, project) : [];
    return Promise.resolve({ targets, reach, ownReach: ownReach(self), missing, doubts, project });
  }

  /**
   * Lets tests and reloads be started ahead from now on, and wait: for who stays, and is the only one here. Never throws.
   *
   * @param directory that nginx sees under the same path
   */
  async keepAhead(directory: string): Promise<void> {
    await clearGates(directory);
    this.#gates = directory;
  }

  /** Ends what is kept in nginx's containers. */
  async close(): Promise<void> {
    await this.#forgetAllBut(new Set());
  }

  #remember(id: string): ContainerMemory {
    const memory = this.#memories.get(id) ?? new ContainerMemory(this.#engineOf(id), id, this.#gates);
    this.#memories.set(id, memory);
    return memory;
  }

  async #forgetAllBut(ids: ReadonlySet<string>): Promise<void> {
    const gone = [...this.#memories].filter(([id]) => !ids.has(id));
    for (const [id] of gone) this.#memories.delete(id);
    await Promise.all(gone.map(([, memory]) => memory.close()));
  }

  #describeMissing(chosen: readonly Container[]): string {
    if (chosen.length > 0)
      return `nginx does not run (${chosen.map(({ name, state }) => `${printable(name)} is ${state}`).join(', ')})`;
    return this.#setting === undefined
      ? 'there is no nginx: no container labelled lb.nginx and no service nginx in this Compose project'
      : `there is no nginx: no container or service is called ${this.#setting} (LBWATCH_NGINX)`;
  }
}

/** nginx on this machine, or in this container. */
export class LocalTargets implements Targets {
  readonly #nginx: LocalCommand;
  readonly #selfId: string | undefined;
  readonly #port: number;
  readonly #isTask: boolean;

  /** @param isTask whether this container must be among those listed, since its networks are what nginx reaches members over */
  constructor(nginx: LocalCommand, selfId: string | undefined, port: number, isTask = false) {
    this.#nginx = nginx;
    this.#selfId = selfId;
    this.#port = port;
    this.#isTask = isTask;
  }

  async find(containers: readonly Container[]): Promise<FoundTargets> {
    const self = findSelf(containers, this.#selfId);
    if (this.#isTask && self === undefined) throw new AppError('engine', describeMissingTask(this.#selfId));
    const project = self && projectOf(self);
    const reach = ownReach(self);
    const master = await this.#nginx.findMaster();
    if (typeof master === 'string') return { targets: [], reach, ownReach: reach, missing: master, project };
    const target = new NginxLocal(this.#nginx, master, '127.0.0.1', this.#port);
    return { targets: [target], reach, ownReach: reach, missing: undefined, project };
  }
}

function findSelf(containers: readonly Container[], selfId: string | undefined): Container | undefined {
  if (selfId === undefined) return undefined;
  return containers.find(({ id, task }) => (task === undefined ? id : task.containerId)?.startsWith(selfId));
}

/** Its node tells of a container some milliseconds after it has started it. */
function describeMissingTask(selfId: string | undefined): string {
  const who =
    selfId === undefined ? 'what lbwatch runs in' : `container ${selfId.slice(0, 12)}, which lbwatch runs in,`;
  return `${who} is none of the Swarm's tasks (yet); deploy it as a service (examples/swarm), or set LBWATCH_SWARM=off`;
}

/** Outside any container it reaches every bridge. */
function ownReach(self: Container | undefined): Reach {
  return commonReach(self === undefined ? [] : [self]);
}

/** Its address on a network shared with the controller; on the host's network, loopback. */
function addressFor(nginx: Container, self: Container | undefined): string {
  const own = self?.attachments.map(({ network }) => network);
  const addressed = nginx.attachments.filter(({ address }) => address !== undefined);
  const shared = addressed.find(({ network }) => own?.includes(network) ?? true) ?? addressed[0];
  return shared?.address ?? '127.0.0.1';
}
