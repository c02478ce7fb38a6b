import { isSameList } from '../core/same-list.ts';
import { listConcerned, listMoving, mostServices, sortTasks, stillLeaving } from '../core/swarm.ts';
import type { LeavingTask, SwarmNode, SwarmService, SwarmTask } from '../core/swarm.ts';
import type { Scope } from '../core/eligible.ts';
import type { Container } from '../core/model.ts';
import { AppError } from '../loop/ports.ts';
import type { Clock, Engine, EngineEvent, EventStream, Subscription } from '../loop/ports.ts';
import type { SwarmApi } from './swarm-api.ts';
import { TaskContainers } from './task-containers.ts';

/** A pass that follows a poll need not ask again. */
const freshMs = 50;
/** Services and nodes change with an event, which may be lost. */
const lastingMs = 30_000;
/** Who wants to know of one task alone is content with what was listed a moment ago. */
const recentMs = 1000;

/** A service that something was heard of counts as moving for so long, whatever its tasks say. */
const namedMs = 3000;

/** `moving`: only the services of which it is known that their tasks change. */
export type Extent = 'all' | 'moving';

/** What is known after a poll. */
export interface Poll {
  /** Whether any container, as lbwatch knows it, came, went or changed since the last poll or list, whoever found out. */
  readonly hasChanged: boolean;
  /** Whether one is on its way out since then. */
  readonly hasLeft: boolean;
  readonly isConverging: boolean;
  /** How many balancers ask, this one included: as many as the own service has tasks. */
  readonly askers: number;
  /** Whether all were asked for. */
  readonly isWhole: boolean;
}

/** What of it is so whoever asks. */
type Answer = Pick<Poll, 'isConverging' | 'askers' | 'isWhole'>;

interface Listed {
  readonly tasks: readonly SwarmTask[];
  readonly isWhole: boolean;
}

interface Known<T> {
  /** When it was asked for, and after how many events. */
  readonly atMs: number;
  readonly told: number;
  readonly byId: ReadonlyMap<string, T>;
}

/**
 * Docker Swarm through a manager: its tasks as containers. One call tells all tasks that are wanted, whatever their number,
 * or, for a hundredth of that where there are many, those of the services that change; services and nodes are asked for when
 * an event, or a task, tells that they have changed.
 *
 * A task that Swarm wants no longer is not listed any more: it leaves at once, some milliseconds before its node hears of
 * it, and is remembered for as long as it may take to end; the task that lbwatch itself is, for as long as that asks.
 */
export class SwarmEngine implements Engine, EventStream {
  readonly #api: SwarmApi;
  readonly #clock: Clock;
  readonly #selfId: string | undefined;
  readonly #scope: Scope | 'own';
  readonly #onEvent = new Set<() => void>();
  #tasks: Known<SwarmTask> | undefined;
  #services: Known<SwarmService> | undefined;
  #nodes: Known<SwarmNode> | undefined;
  #leaving: readonly LeavingTask[] = [];
  readonly #made = new TaskContainers();
  #containers: readonly Container[] = [];
  /** The task that lbwatch itself is, as it was listed last. */
  #own: SwarmTask | undefined;
  /** As the last poll or list told them, and whether anybody has left since. */
  #toldOf: readonly Container[] = [];
  #hasLeft = false;
  #asking: Promise<Answer> | undefined;
  /** Services that an event or a failed check was about, and until when they count as moving. */
  readonly #named = new Map<string, number>();
  /** How many events came: what was asked for before one may be older than it. */
  #told = 0;

  /**
   * @param selfId the id of the controller's own container, or its beginning
   * @param scope whose tasks matter; those of others are listed the first time only, for who looks once
   */
  constructor(api: SwarmApi, clock: Clock, selfId: string | undefined, scope: Scope | 'own') {
    this.#api = api;
    this.#clock = clock;
    this.#selfId = selfId;
    this.#scope = scope;
  }

  async listContainers(): Promise<readonly Container[]> {
    if (!this.#isFresh(this.#tasks, freshMs)) await this.#ask('all');
    this.#noteTold();
    return this.#containers;
  }

  /** Of these tasks, the ones that there are. */
  async inspectContainers(ids: readonly string[]): Promise<readonly Container[]> {
    if (!this.#isFresh(this.#tasks, recentMs)) {
      for (const id of ids) this.#name(this.#tasks?.byId.get(id)?.serviceId);
      await this.#ask('moving');
    }
    return this.#containers.filter(({ id }) => ids.includes(id));
  }

  /** Managers tell nothing of the past of tasks. */
  listEvents(): Promise<readonly EngineEvent[]> {
    return Promise.resolve([]);
  }

  /** Signals are sent by nodes, and no manager tells of them. */
  readStopSignal(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** A task has one life: that of its container. */
  async readStartedAt(taskId: string): Promise<number | undefined> {
    const [task] = await this.inspectContainers([taskId]);
    return task === undefined ? undefined : task.createdAt * 1000;
  }

  /** The events of services and nodes; of tasks there are none. */
  async subscribe(subscription: Subscription): Promise<void> {
    await this.#api.subscribe({
      ...subscription,
      onOpen: () => {
        this.#told += 1;
        subscription.onOpen();
      },
      onEvent: (event) => {
        this.#told += 1;
        this.#nameWhom(event);
        subscription.onEvent(event);
        for (const listen of this.#onEvent) listen();
      },
    });
  }

  /** Calls back at each event, once what it may have changed counts as unknown. */
  onEvent(listen: () => void): void {
    this.#onEvent.add(listen);
  }

  /** Asks for the tasks. Throws an AppError, and then knows what it knew before. */
  async poll(extent: Extent = 'all'): Promise<Poll> {
    const answer = await this.#ask(extent);
    const news = { hasChanged: !isSameList(this.#toldOf, this.#containers), hasLeft: this.#hasLeft };
    this.#noteTold();
    return { ...news, ...answer };
  }

  #noteTold(): void {
    this.#toldOf = this.#containers;
    this.#hasLeft = false;
  }

  /** Whoever asks meanwhile gets the same answer. What was listed before one that fails is not fresh any more. */
  #ask(extent: Extent): Promise<Answer> {
    this.#asking ??= this.#askOnce(extent)
      .catch((error: unknown) => {
        if (this.#tasks !== undefined) this.#tasks = { ...this.#tasks, atMs: Number.NEGATIVE_INFINITY };
        throw error;
      })
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }

  async #askOnce(extent: Extent): Promise<Answer> {
    const asked = { atMs: this.#clock.nowMs(), told: this.#told };
    const isKnown = this.#isFresh(this.#services, lastingMs) && this.#isFresh(this.#nodes, lastingMs);
    if (!isKnown) await this.#askAround();
    const concerned = this.#chooseConcerned();
    const moving = extent === 'moving' ? this.#chooseMoving(concerned) : undefined;
    const { tasks, isWhole } = await this.#list(moving, concerned);
    if (tasks.length === 0 && this.#own !== undefined) throw new AppError('engine', describeNobody(this.#own));
    const byId = new Map(sortTasks(tasks).map((task) => [task.id, task]));
    // Made since we asked, and no event has come yet.
    if (isKnown && !this.#knowsAllOf(byId.values())) await this.#askAround();
    const left = this.#listLeft(byId, concerned);
    this.#leaving = this.#chooseLeaving([...this.#leaving, ...left], byId);
    this.#hasLeft ||= left.length > 0;
    // Where nothing was asked, what is known is as old as it was.
    this.#tasks = { ...(moving?.length === 0 && this.#tasks !== undefined ? this.#tasks : asked), byId };
    this.#own = this.#findOwn(tasks) ?? this.#own;
    this.#containers = this.#made.make(byId.values(), this.#leaving, this.#services?.byId, this.#nodes?.byId);
    return {
      isConverging: listMoving(byId.values(), this.#services?.byId.values() ?? []).size > 0,
      askers: this.#countAskers(tasks),
      isWhole,
    };
  }

  /** A node's event is about whatever runs there. */
  #nameWhom({ action, containerId: id }: EngineEvent): void {
    if (action.startsWith('service ')) this.#name(id);
    else for (const task of this.#tasks?.byId.values() ?? []) if (task.nodeId === id) this.#name(task.serviceId);
  }

  #name(serviceId: string | undefined): void {
    if (serviceId !== undefined) this.#named.set(serviceId, this.#clock.nowMs() + namedMs);
  }

  /** Undefined where they are too many to be asked for alone. */
  #chooseMoving(concerned: readonly string[] | undefined): readonly string[] | undefined {
    const services = this.#services?.byId;
    if (this.#tasks === undefined || services === undefined) return undefined;
    for (const [id, untilMs] of this.#named) if (this.#clock.nowMs() >= untilMs) this.#named.delete(id);
    const moving = new Set([...listMoving(this.#tasks.byId.values(), services.values()), ...this.#named.keys()]);
    const ids = [...moving].filter((id) => services.has(id) && (concerned?.includes(id) ?? true));
    return ids.length > mostServices ? undefined : ids;
  }

  #countAskers(tasks: readonly SwarmTask[]): number {
    const own = this.#own;
    return own === undefined ? 1 : Math.max(1, tasks.filter(({ serviceId }) => serviceId === own.serviceId).length);
  }

  /** Who served and is not listed any more, though he would be; those of others are not asked for. */
  #listLeft(listed: ReadonlyMap<string, SwarmTask>, concerned: readonly string[] | undefined): readonly LeavingTask[] {
    const isOthers = ({ serviceId }: SwarmTask): boolean =>
      concerned?.includes(serviceId) === false && this.#services?.byId.has(serviceId) === true;
    const [sinceMs, leftMs] = [this.#clock.unixMs(), this.#clock.nowMs()];
    return [...(this.#tasks?.byId.values() ?? [])]
      .filter((task) => !listed.has(task.id) && isServing(task) && !isOthers(task))
      .map((task) => ({ task, sinceMs, leftMs }));
  }

  /** lbwatch is still there, whatever managers make of it: they count a machine as lost that they do not hear of. */
  #chooseLeaving(all: readonly LeavingTask[], listed: ReadonlyMap<string, SwarmTask>): readonly LeavingTask[] {
    const isOwn = ({ task }: LeavingTask): boolean => task.id === this.#own?.id;
    const own = all.filter((one) => isOwn(one) && !listed.has(one.task.id));
    const others = all.filter((one) => !isOwn(one));
    const graceMs = (serviceId: string): number => this.#services?.byId.get(serviceId)?.stopGraceMs ?? 0;
    return [...own, ...stillLeaving(others, listed, graceMs, this.#clock.nowMs())];
  }

  /** All of them, until it is known which of them lbwatch itself is, and where its service is no more. */
  #chooseConcerned(): readonly string[] | undefined {
    const services = this.#services?.byId;
    const own = this.#own;
    if (own === undefined || services?.has(own.serviceId) !== true) return undefined;
    return listConcerned(services, this.#scope, own);
  }

  /** The tasks of these services, or of all. */
  async #listOf(serviceIds: readonly string[] | undefined): Promise<readonly SwarmTask[] | undefined> {
    return serviceIds?.length === 0 ? [] : this.#api.listTasks(serviceIds);
  }

  /** All of them, of which those that move are asked for, where they are known, and otherwise those that are concerned. */
  async #list(moving: readonly string[] | undefined, concerned: readonly string[] | undefined): Promise<Listed> {
    const tasks = await this.#listOf(moving ?? concerned);
    // One of them was removed meanwhile: whoever asks for what there is not is told nothing.
    if (tasks === undefined) return { tasks: (await this.#api.listTasks(undefined)) ?? [], isWhole: true };
    if (moving === undefined) return { tasks, isWhole: true };
    const others = [...(this.#tasks?.byId.values() ?? [])].filter(({ serviceId }) => !moving.includes(serviceId));
    return { tasks: [...others, ...tasks], isWhole: false };
  }

  #findOwn(tasks: Iterable<SwarmTask>): SwarmTask | undefined {
    const selfId = this.#selfId;
    if (selfId === undefined) return undefined;
    for (const task of tasks) if (task.containerId?.startsWith(selfId) === true) return task;
    return undefined;
  }

  async #askAround(): Promise<void> {
    const asked = { atMs: this.#clock.nowMs(), told: this.#told };
    const [services, nodes] = await Promise.all([this.#api.listServices(), this.#api.listNodes()]);
    this.#services = { ...asked, byId: keepSame(this.#services?.byId, services) };
    this.#nodes = { ...asked, byId: keepSame(this.#nodes?.byId, nodes) };
  }

  #knowsAllOf(tasks: Iterable<SwarmTask>): boolean {
    for (const { serviceId, nodeId } of tasks) {
      if (this.#services?.byId.has(serviceId) !== true) return false;
      if (nodeId !== undefined && this.#nodes?.byId.has(nodeId) !== true) return false;
    }
    return true;
  }

  #isFresh(known: Known<unknown> | undefined, forMs: number): boolean {
    return known?.told === this.#told && this.#clock.nowMs() - known.atMs < forMs;
  }
}

function describeNobody({ id }: SwarmTask): string {
  return `the manager lists no task at all, and not even the one that lbwatch is (${id}); it is not believed: look at docker node ls, and at DOCKER_HOST`;
}

function isServing({ state }: SwarmTask): boolean {
  return state === 'running' || state === 'starting';
}

function keepSame<T extends { readonly id: string }>(
  before: ReadonlyMap<string, T> | undefined,
  after: readonly T[],
): ReadonlyMap<string, T> {
  return new Map(
    after.map((one) => {
      const known = before?.get(one.id);
      return [one.id, known !== undefined && JSON.stringify(known) === JSON.stringify(one) ? known : one];
    }),
  );
}
