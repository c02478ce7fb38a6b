import { systemClock } from '../../src/adapters/clock.ts';
import type { Clock } from '../../src/loop/ports.ts';
import { toSwarmEventJson } from './swarm-json.ts';
import type { FakeNode, FakeService, FakeTask } from './swarm-json.ts';

/** How long the steps of a task's life take, in ms: as measured on three engines of version 20.10 on one machine. */
const pace = {
  /** Made until its node has it. */
  assignMs: 60,
  /** Made until its process starts. */
  startMs: 250,
  /** Made until its health check has passed. */
  readyMs: 2000,
  /** No longer wanted until it has ended: 2 s for Swarm's own load balancing, and a second. */
  stopMs: 3400,
  /** A node is silent until it counts as down. */
  downMs: 10_300,
  /** A task has failed until its replacement may start. */
  restartMs: 5000,
} as const;

/** A service as a test describes it. */
export interface ServiceSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly replicas: number;
  readonly order?: FakeService['order'];
  readonly parallelism?: number;
}

/** Swarm keeps so many ended tasks of a slot, beside the one that runs. */
const historyLength = 4;

/**
 * What Swarm does to services, tasks and nodes, in its order and at its pace: the truth behind a `FakeManager`. Each change
 * of a task makes another object of it.
 */
export class FakeSwarm {
  readonly #clock: Clock;
  readonly #addressOf: (index: number) => string;
  readonly #timers = new Set<() => void>();
  readonly #services = new Map<string, FakeService>();
  readonly #nodes = new Map<string, FakeNode>();
  readonly #tasks = new Map<string, FakeTask>();
  #made = 0;
  #onRunning: () => void = () => undefined;
  /** Rises with each change of anything, as the number of a raft entry does. */
  version = 1;
  /** Called with each event that a manager tells of. */
  onEvent: (event: Readonly<Record<string, unknown>>) => void = () => undefined;

  /** @param addressOf the address of the task that is made as the nth */
  constructor(nodes: number, addressOf: (index: number) => string, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#addressOf = addressOf;
    for (let index = 0; index < nodes; index++) {
      const node: FakeNode = {
        id: idOf('node', index),
        name: `node-${String(index)}`,
        address: `10.77.${String(index >> 8)}.${String(index & 255)}`,
        isManager: index === 0,
        availability: 'active',
        state: 'ready',
        version: 1,
      };
      this.#nodes.set(node.name, node);
    }
  }

  get services(): readonly FakeService[] {
    return [...this.#services.values()];
  }

  get nodes(): readonly FakeNode[] {
    return [...this.#nodes.values()];
  }

  get tasks(): readonly FakeTask[] {
    return [...this.#tasks.values()];
  }

  /** The tasks that run and are meant to. */
  get serving(): readonly FakeTask[] {
    return this.tasks.filter(({ state, desired }) => state === 'running' && desired === 'running');
  }

  /** Resolves in the moment in which the last task that is wanted begins to serve, though others may still be ending. */
  allServe(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRunning = () => {
        const isDone = this.services.every(({ update }) => update !== 'updating');
        if (isDone && this.tasks.every((task) => !isWanted(task) || task.state === 'running')) resolve();
      };
      this.#onRunning();
    });
  }

  /** Nothing happens any more. */
  stop(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** A service whose tasks run already. */
  create({ name, labels, replicas, order = 'start-first', parallelism = 1 }: ServiceSpec): void {
    const service: FakeService = {
      id: idOf('service', this.#services.size),
      name,
      labels: { 'com.docker.stack.namespace': 'shop', ...labels },
      containerLabels: { 'com.docker.stack.namespace': 'shop' },
      replicas,
      order,
      parallelism,
      version: this.#nextVersion(),
      forced: 0,
      update: 'none',
    };
    this.#services.set(name, service);
    this.#tell('service', 'create', service.id, { name });
    for (let slot = 1; slot <= replicas; slot++)
      this.#change(this.#make(service, slot, 'running'), { state: 'running' });
  }

  /** `docker service scale`: answers at once. The newest slots go first. */
  scale(name: string, replicas: number): void {
    const before = this.#service(name);
    const service = this.#changeService(name, { replicas });
    const [now, then] = [String(replicas), String(before.replicas)];
    this.#tell('service', 'update', service.id, { name, 'replicas.new': now, 'replicas.old': then });
    for (let slot = before.replicas + 1; slot <= replicas; slot++) this.#run(this.#make(service, slot, 'running'));
    for (const task of this.#tasksOf(name)) if (task.slot > replicas) this.#end(task, 'remove');
  }

  /** `docker service rm`. */
  removeService(name: string): void {
    const { id } = this.#service(name);
    this.#services.delete(name);
    this.#nextVersion();
    this.#tell('service', 'remove', id, { name });
    for (const task of this.#tasksOf(name)) this.#end(task, 'remove');
  }

  /** `docker service update --force`: replaces all its tasks, so many at once as it says. */
  update(name: string): void {
    const { forced } = this.#service(name);
    const service = this.#changeService(name, { forced: forced + 1, update: 'updating' });
    this.#tell('service', 'update', service.id, { name });
    this.#tell('service', 'update', service.id, { name, 'updatestate.new': 'updating' });
    const waiting = this.#tasksOf(name).filter(isWanted);
    let left = waiting.length;
    const next = (): void => {
      const old = waiting.shift();
      if (old === undefined) return;
      this.#replace(old, service, () => {
        left -= 1;
        if (left === 0) this.#complete(name);
        else next();
      });
    };
    for (let turn = 0; turn < service.parallelism; turn++) next();
  }

  /** `docker node update --availability drain`: its tasks end first, whatever their services say. */
  drain(name: string): void {
    this.#changeNode(name, { availability: 'drain' });
    const { id } = this.#node(name);
    this.#tell('node', 'update', id, { 'availability.new': 'drain', 'availability.old': 'active', name });
    for (const old of this.tasks.filter((task) => task.nodeId === id && isWanted(task))) {
      const next = this.#prepare(old.service, old.slot);
      this.#end(old, 'shutdown', () => {
        this.#run(this.#change(next, { desired: 'running' }));
      });
    }
  }

  /** A node is gone without a word. Nothing is known of that for ten seconds, and its tasks' last state stays. */
  killNode(name: string): void {
    const { id } = this.#node(name);
    this.#after(pace.downMs, () => {
      this.#changeNode(name, { state: 'down' });
      this.#tell('node', 'update', id, { name, 'state.new': 'down', 'state.old': 'ready' });
      for (const old of this.tasks.filter((task) => task.nodeId === id && isWanted(task))) {
        this.#change(old, { desired: 'shutdown' });
        const next = this.#prepare(old.service, old.slot);
        this.#after(pace.restartMs, () => {
          this.#run(this.#change(next, { desired: 'running' }));
        });
      }
    });
  }

  #replace(old: FakeTask, service: FakeService, onDone: () => void): void {
    if (service.order === 'start-first') {
      this.#run(this.#make(service, old.slot, 'running'), () => {
        this.#end(old, 'shutdown');
        onDone();
      });
      return;
    }
    const next = this.#prepare(service, old.slot);
    this.#end(old, 'shutdown', () => {
      this.#run(this.#change(next, { desired: 'running' }), onDone);
    });
  }

  #complete(name: string): void {
    const service = this.#changeService(name, { update: 'completed' });
    const attributes = { name, 'updatestate.new': 'completed', 'updatestate.old': 'updating' };
    this.#tell('service', 'update', service.id, attributes);
  }

  #make(service: FakeService, slot: number, desired: FakeTask['desired']): FakeTask {
    const index = this.#made++;
    const nowMs = this.#clock.unixMs();
    const task: FakeTask = {
      id: idOf('task', index),
      service,
      slot,
      nodeId: this.#place(index),
      address: this.#addressOf(index),
      state: 'pending',
      desired,
      version: this.#nextVersion(),
      createdMs: nowMs,
      changedMs: nowMs,
    };
    this.#tasks.set(task.id, task);
    return task;
  }

  /** One that waits for another to end is made ready meanwhile. */
  #prepare(service: FakeService, slot: number): FakeTask {
    const task = this.#make(service, slot, 'ready');
    this.#after(pace.startMs, () => {
      if (this.#tasks.get(task.id)?.desired === 'ready') this.#change(task, { state: 'ready' });
    });
    return task;
  }

  /** Nodes in turn, but for those that take none. */
  #place(index: number): string | undefined {
    const open = this.nodes.filter(({ availability, state }) => availability === 'active' && state === 'ready');
    return open[index % open.length]?.id;
  }

  #run({ id }: FakeTask, onRunning: () => void = () => undefined): void {
    const { assignMs, startMs, readyMs } = pace;
    this.#step(id, assignMs, 'assigned');
    this.#step(id, startMs, 'starting');
    this.#step(id, readyMs, 'running', onRunning);
  }

  #step(id: string, afterMs: number, state: FakeTask['state'], onDone: () => void = () => undefined): void {
    this.#after(afterMs, () => {
      const task = this.#tasks.get(id);
      // It may have been told to end meanwhile.
      if (task?.desired !== 'running') return;
      this.#change(task, { state });
      onDone();
      if (state === 'running') this.#onRunning();
    });
  }

  #end(task: FakeTask, desired: 'shutdown' | 'remove', onEnded: () => void = () => undefined): void {
    this.#change(task, { desired });
    this.#after(pace.stopMs, () => {
      const last = this.#tasks.get(task.id);
      if (last !== undefined) this.#change(last, { state: 'shutdown' });
      if (desired === 'remove') this.#tasks.delete(task.id);
      else this.#forgetOldest(task);
      this.#nextVersion();
      onEnded();
    });
  }

  #forgetOldest({ service, slot }: FakeTask): void {
    const ended = this.#tasksOf(service.name).filter((task) => task.slot === slot && task.state === 'shutdown');
    for (const { id } of ended.slice(0, -historyLength)) this.#tasks.delete(id);
  }

  #change(task: FakeTask, change: Partial<Pick<FakeTask, 'state' | 'desired'>>): FakeTask {
    const last = this.#tasks.get(task.id) ?? task;
    const changed = { ...last, ...change, version: this.#nextVersion(), changedMs: this.#clock.unixMs() };
    this.#tasks.set(task.id, changed);
    return changed;
  }

  #changeService(name: string, change: Partial<FakeService>): FakeService {
    const service = { ...this.#service(name), ...change, version: this.#nextVersion() };
    this.#services.set(name, service);
    return service;
  }

  #changeNode(name: string, change: Partial<FakeNode>): void {
    this.#nodes.set(name, { ...this.#node(name), ...change, version: this.#nextVersion() });
  }

  #service(name: string): FakeService {
    const service = this.#services.get(name);
    if (service === undefined) throw new Error(`no service ${name}`);
    return service;
  }

  #node(name: string): FakeNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  #tasksOf(name: string): FakeTask[] {
    return this.tasks.filter(({ service }) => service.name === name);
  }

  #nextVersion(): number {
    this.version += 1;
    return this.version;
  }

  #tell(
    type: 'service' | 'node',
    action: 'create' | 'update' | 'remove',
    id: string,
    attributes: Readonly<Record<string, string>>,
  ): void {
    this.onEvent(toSwarmEventJson(type, action, id, attributes, this.#clock.unixMs()));
  }

  #after(ms: number, act: () => void): void {
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(cancel);
      act();
    });
    this.#timers.add(cancel);
  }
}

function isWanted({ desired }: FakeTask): boolean {
  return desired === 'running' || desired === 'ready';
}

/** 25 letters and digits, all different at their beginning, as people see them shortened. */
function idOf(kind: string, index: number): string {
  return `${kind.slice(0, 1)}${index.toString(36).padStart(6, '0')}qz8hk3l2m4n5w7c9v1`;
}
