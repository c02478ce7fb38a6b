import { sortByAge } from '../core/age.ts';
import type { Container } from '../core/model.ts';
import { printable } from '../core/printable.ts';
import { isSameList } from '../core/same-list.ts';
import { waitAtMost } from './at-most.ts';
import type { Mark } from './dirty.ts';
import { findOwner } from './host.ts';
import type { Host } from './host.ts';
import type { EngineStanding, Stale, Stock } from './inventory.ts';
import { AppError } from './ports.ts';
import type { Clock } from './ports.ts';

/** A pass waits so long for an engine that is slow, and then goes on with what was last seen. */
export const patienceMs = 1000;
/** Somebody who looks once waits as long as the calls themselves do. */
const onceMs = 30_000;

export interface JointOptions {
  readonly clock: Clock;
  /** Makes a pass due. */
  readonly mark: (mark: Mark) => void;
  /**
   * The id of lbwatch's own container, or its beginning, where a pass needs to know it: then it is not done without the engine
   * that has it.
   */
  readonly neededId: string | undefined;
}

/**
 * The containers of several engines, each as it was last seen. An engine that does not answer, or not in time, holds back no
 * pass: what it says later makes the next one due.
 */
export class JointInventory implements Stock {
  readonly #hosts: readonly Host[];
  readonly #options: JointOptions;
  /** Those whose look outlasts the pass that it was begun for. */
  readonly #late = new Set<Host>();
  #patienceMs = onceMs;
  #recollecting: Promise<unknown> | undefined;
  #parts: readonly (readonly Container[])[] = [];
  #list: readonly Container[] = [];
  #doubles: readonly string[] = [];

  constructor(hosts: readonly Host[], options: JointOptions) {
    this.#hosts = hosts;
    this.#options = options;
  }

  /** What was seen last is what a refresh answers; it throws where there is nothing. */
  get known(): undefined {
    return undefined;
  }

  /** What is remembered of an engine are its members that ran, and not all that there is. */
  get isWhole(): boolean {
    return this.#hosts.every(({ hasAnswered }) => hasAnswered);
  }

  get notes(): readonly string[] {
    return [...this.#hosts.flatMap(({ notes }) => notes), ...this.#doubles];
  }

  get engines(): readonly EngineStanding[] {
    return this.#hosts.map(({ standing }) => standing);
  }

  /** For who stays: writes down what is seen, and waits for no engine longer than a moment. */
  settleIn(): void {
    this.#patienceMs = patienceMs;
    for (const host of this.#hosts) host.keepMemory();
  }

  find(containerId: string): Container | undefined {
    return this.hostOf(containerId)?.find(containerId);
  }

  /** The one that has, or had, a container; undefined where none does. */
  hostOf(containerId: string): Host | undefined {
    return findOwner(this.#hosts, containerId);
  }

  /** The same list for as long as nothing has changed. Throws an AppError where too little is known for a pass. */
  async refresh(stale: Stale): Promise<readonly Container[]> {
    this.#recollecting ??= Promise.all(this.#hosts.map((host) => host.recollect()));
    await this.#recollecting;
    for (const host of this.#hosts) {
      if (stale === 'all') host.take(stale);
      else host.take(new Set([...stale].filter((id) => host.find(id) !== undefined)));
    }
    await Promise.all(this.#hosts.map((host) => this.#look(host)));
    const list = this.#join();
    this.#refuseTooLittle(list);
    return list;
  }

  async #look(host: Host): Promise<void> {
    if (this.#late.has(host)) return;
    const looking = host.look();
    // Before it has told anything at all, its members would be taken for gone.
    const waitMs = host.containers === undefined ? onceMs : this.#patienceMs;
    if (await waitAtMost(this.#options.clock, waitMs, looking)) return;
    this.#late.add(host);
    const onEnd = (): void => {
      this.#late.delete(host);
      const { clock, mark } = this.#options;
      mark({ reason: 'engine answered', stale: new Set(), isUrgent: false, atMs: clock.unixMs() });
    };
    void looking.finally(onEnd).catch(() => undefined);
  }

  #join(): readonly Container[] {
    const parts = this.#hosts.map(({ containers }) => containers ?? []);
    if (isSameList(this.#parts, parts)) return this.#list;
    this.#parts = parts;
    const byId = new Map<string, Container>();
    const doubles = new Set<string>();
    for (const [index, containers] of parts.entries()) {
      for (const container of containers) {
        const other = byId.get(container.id);
        if (other !== undefined) doubles.add(this.#hosts[index]?.name ?? '');
        // Who answers knows better.
        if (other === undefined || (other.isAsLastSeen === true && container.isAsLastSeen !== true)) {
          byId.set(container.id, container);
        }
      }
    }
    this.#doubles = [...doubles].map(
      (name) =>
        `engine ${printable(name)} has the same containers as another one of LBWATCH_ENGINES: leave out one of the two`,
    );
    this.#list = sortByAge([...byId.values()]);
    return this.#list;
  }

  #refuseTooLittle(list: readonly Container[]): void {
    const unknown = this.#hosts.filter(({ hasAnswered }) => !hasAnswered);
    const [first] = unknown;
    if (first === undefined) return;
    const isNothing = this.#hosts.every(({ containers }) => containers === undefined);
    const { neededId } = this.#options;
    const isHomeless = neededId !== undefined && !list.some(({ id }) => id.startsWith(neededId));
    if (!isNothing && !isHomeless) return;
    const why = unknown.map(({ name, why: told }) => told ?? `${printable(name)} has not answered yet`).join('; ');
    throw new AppError('engine', why);
  }
}
