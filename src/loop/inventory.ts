import { isDeepStrictEqual } from 'node:util';

import { sortByAge } from '../core/age.ts';
import type { Container } from '../core/model.ts';
import { isSameList } from '../core/same-list.ts';
import { AppError } from './ports.ts';
import type { Engine } from './ports.ts';

/** Which containers to look at again. */
export type Stale = 'all' | ReadonlySet<string>;

/** How one of several engines is. */
export interface EngineStanding {
  /** As LBWATCH_ENGINES has it. */
  readonly name: string;
  /** Undefined while it answers; else since when it does not, Unix milliseconds. */
  readonly awaySinceMs: number | undefined;
}

/** What a pass needs of an inventory, be it of one engine or of several. */
export type Stock = Pick<Inventory, 'find' | 'known' | 'refresh' | 'isWhole' | 'notes' | 'engines'>;

/**
 * The containers as last seen. Events name which to look at again, one `inspect` for each; a resync replaces the
 * whole, so that a lost event costs time and never the truth. What is as it was stays the same object.
 */
export class Inventory {
  readonly #engine: Engine;
  #containers: Map<string, Container> | undefined;
  #list: readonly Container[] = [];
  /** Of the last look. */
  #failure: AppError | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Whether a container that is not in the list is on no engine. */
  get isWhole(): boolean {
    return true;
  }

  /** What is amiss with engines that a pass goes on without, a line each. */
  get notes(): readonly string[] {
    return [];
  }

  /** Of several; none of one, without which there is no pass. */
  get engines(): readonly EngineStanding[] {
    return [];
  }

  /** As it was last seen; undefined for one that was never seen, or is gone. */
  find(containerId: string): Container | undefined {
    return this.#containers?.get(containerId);
  }

  /** As they were last seen; undefined before the first time. */
  get known(): readonly Container[] | undefined {
    return this.#containers === undefined ? undefined : this.#list;
  }

  /**
   * The same list for as long as nothing has changed. Throws what the engine throws, and then knows what it knew before;
   * who asks for nothing new is thrown the same at once, and whoever is looked at next, all are.
   */
  async refresh(stale: Stale): Promise<readonly Container[]> {
    const failure = this.#failure;
    if (failure !== undefined && stale !== 'all' && stale.size === 0) throw failure;
    try {
      const list = await this.#refresh(failure === undefined ? stale : 'all');
      this.#failure = undefined;
      return list;
    } catch (error) {
      if (error instanceof AppError) this.#failure = error;
      throw error;
    }
  }

  async #refresh(stale: Stale): Promise<readonly Container[]> {
    const known = this.#containers;
    if (stale === 'all' || known === undefined) {
      const listed = await this.#engine.listContainers();
      const all = sortByAge(listed.map((container) => keepSame(known?.get(container.id), container)));
      this.#containers = new Map(all.map((container) => [container.id, container]));
      if (!isSameList(this.#list, all)) this.#list = all;
    } else if (stale.size > 0) {
      const seen = await this.#engine.inspectContainers([...stale]);
      const gone = new Set(stale);
      let hasChanged = false;
      for (const container of seen) {
        gone.delete(container.id);
        const before = known.get(container.id);
        const after = keepSame(before, container);
        if (after === before) continue;
        known.set(container.id, after);
        hasChanged = true;
      }
      for (const id of gone) if (known.delete(id)) hasChanged = true;
      if (hasChanged) this.#list = [...known.values()];
    }
    return this.#list;
  }
}

/** What was made of a container need not be made again where it is the same object. */
function keepSame(before: Container | undefined, after: Container): Container {
  return before !== undefined && isDeepStrictEqual(before, after) ? before : after;
}
