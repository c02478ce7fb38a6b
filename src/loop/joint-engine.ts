import type { Container } from '../core/model.ts';
import { waitAtMost } from './at-most.ts';
import { patienceMs } from './joint-inventory.ts';
import type { JointInventory } from './joint-inventory.ts';
import { AppError } from './ports.ts';
import type { Clock, Engine } from './ports.ts';

/** Asks of each container the engine that has it. */
export class JointEngine implements Pick<Engine, 'inspectContainers' | 'readStartedAt'> {
  readonly #inventory: Pick<JointInventory, 'hostOf'>;
  readonly #clock: Clock;

  constructor(inventory: Pick<JointInventory, 'hostOf'>, clock: Clock) {
    this.#inventory = inventory;
    this.#clock = clock;
  }

  async inspectContainers(ids: readonly string[]): Promise<readonly Container[]> {
    const found = await Promise.all(
      ids.map((id) => this.#inventory.hostOf(id)?.engine.inspectContainers([id]) ?? Promise.resolve([])),
    );
    return found.flat();
  }

  /** Undefined as well where its engine does not say so: a pass does not fail for that. */
  async readStartedAt(containerId: string): Promise<number | undefined> {
    const host = this.#inventory.hostOf(containerId);
    if (host === undefined || host.isAway) return undefined;
    const told: { atMs?: number | undefined } = {};
    const asking = host.engine.readStartedAt(containerId).then(
      (atMs) => {
        told.atMs = atMs;
      },
      (error: unknown) => {
        if (!(error instanceof AppError)) throw error;
      },
    );
    await waitAtMost(this.#clock, patienceMs, asking);
    return told.atMs;
  }
}
