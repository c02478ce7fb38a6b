import type { Container } from '../core/model.ts';
import type { Engine } from './ports.ts';

/** Which containers to look at again. */
export type Stale = 'all' | ReadonlySet<string>;

/**
 * The containers as last seen. Events name which to look at again, one `inspect` for each; a resync replaces the
 * whole, so that a lost event costs time and never the truth.
 */
export class Inventory {
  readonly #engine: Engine;
  #containers: Map<string, Container> | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Throws what the engine throws, and then knows what it knew before. */
  async refresh(stale: Stale): Promise<readonly Container[]> {
    if (stale === 'all' || this.#containers === undefined) {
      this.#containers = indexById(await this.#engine.listContainers());
    } else if (stale.size > 0) {
      const seen = await this.#engine.inspectContainers([...stale]);
      const gone = new Set(stale);
      for (const container of seen) {
        this.#containers.set(container.id, container);
        gone.delete(container.id);
      }
      for (const id of gone) this.#containers.delete(id);
    }
    return [...this.#containers.values()];
  }
}

function indexById(containers: readonly Container[]): Map<string, Container> {
  return new Map(containers.map((container) => [container.id, container]));
}
