import type { Container } from '../core/model.ts';
import { Inventory } from './inventory.ts';
import type { Stale } from './inventory.ts';
import { AppError } from './ports.ts';
import type { Engine } from './ports.ts';

/**
 * One engine that could not say at the start whether lbwatch is a task of a Swarm, and is asked before anything else: a
 * pass over the containers of one machine would take out all the others of a Swarm.
 */
export class UndecidedInventory extends Inventory {
  readonly #asksSwarm: () => Promise<boolean>;
  readonly #onSwarm: (error: AppError) => void;
  #isAlone = false;

  /**
   * @param asksSwarm may throw an AppError
   * @param onSwarm called where it is one: what was put together for one engine cannot become another
   */
  constructor(engine: Engine, asksSwarm: () => Promise<boolean>, onSwarm: (error: AppError) => void) {
    super(engine);
    this.#asksSwarm = asksSwarm;
    this.#onSwarm = onSwarm;
  }

  override async refresh(stale: Stale): Promise<readonly Container[]> {
    if (!this.#isAlone) await this.#decide();
    return super.refresh(stale);
  }

  async #decide(): Promise<void> {
    if (await this.#asksSwarm()) {
      const error = new AppError(
        'engine',
        'lbwatch is a task of a Swarm, which its engine could not say at the start; it must be started anew, and LBWATCH_SWARM=on says it without being asked',
      );
      this.#onSwarm(error);
      throw error;
    }
    this.#isAlone = true;
  }
}
