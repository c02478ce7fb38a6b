import type { Container, ContainerState, Drain } from '../core/model.ts';
import type { Stale } from './inventory.ts';
import type { DrainStore, Engine, StoredDrains } from './ports.ts';

/** The drains that hold, those that have ended by themselves, and what could not be read. */
export interface DrainsNow extends StoredDrains {
  /** Container ids whose drain is over; its file is still there. */
  readonly ended: readonly string[];
}

/** In these a container has one life still, and the same. */
const alive: ReadonlySet<ContainerState> = new Set(['running', 'paused']);

/**
 * The drains on disk, and when they end by themselves: any with its container, one that a container asked for itself
 * with that life of it. A drain by hand outlasts a restart.
 */
export class Drains {
  readonly #store: DrainStore;
  readonly #engine: Pick<Engine, 'readStartedAt'>;

  constructor(store: DrainStore, engine: Pick<Engine, 'readStartedAt'>) {
    this.#store = store;
    this.#engine = engine;
  }

  /**
   * Touches nothing.
   *
   * @param stale which of the containers have just been looked at again: only of those it asks the engine more
   */
  async look(containers: readonly Container[], stale: Stale): Promise<DrainsNow> {
    const { drains, notes } = await this.#store.read();
    if (drains.size === 0) return { drains, ended: [], notes };
    const drained = containers.filter(({ id }) => drains.has(id));
    const byId = new Map(drained.map((container) => [container.id, container]));
    const isFresh = (id: string): boolean => stale === 'all' || stale.has(id);
    const isOver = async ([id, drain]: readonly [string, Drain]): Promise<boolean> => {
      const container = byId.get(id);
      // A part of the list says nothing of those that are not in it.
      if (container === undefined) return stale === 'all';
      if (drain.kind === 'drained') return false;
      if (!alive.has(container.state)) return true;
      return isFresh(id) && ((await this.#engine.readStartedAt(id)) ?? 0) > drain.sinceMs;
    };
    const entries = await Promise.all([...drains].map(async (entry) => ({ entry, isOver: await isOver(entry) })));
    return {
      drains: new Map(entries.filter((one) => !one.isOver).map(({ entry }) => entry)),
      ended: entries.filter((one) => one.isOver).map(({ entry: [id] }) => id),
      notes,
    };
  }

  /** Removes the files of drains that have ended. */
  async forget(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#store.remove(id)));
  }
}
