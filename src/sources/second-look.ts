import type { Mark } from '../loop/dirty.ts';
import { AppError } from '../loop/ports.ts';
import type { Clock, Engine } from '../loop/ports.ts';

/**
 * Looks anew at containers whose checks fail: the event that would have told why may have been lost, and another member,
 * of another service even, may have their address by now. Beside the passes, so that an engine that does not answer holds
 * back nobody's leaving; what it does not say now, the next resync finds.
 */
export class SecondLook {
  readonly #engine: Pick<Engine, 'inspectContainers'>;
  readonly #mark: (mark: Mark) => void;
  readonly #clock: Clock;
  /** One after the other: where a network breaks, all fail at once. */
  readonly #queue = new Set<string>();
  #isLooking = false;

  constructor(engine: Pick<Engine, 'inspectContainers'>, mark: (mark: Mark) => void, clock: Clock) {
    this.#engine = engine;
    this.#mark = mark;
    this.#clock = clock;
  }

  /** Comes back at once. Once for each container, however often it is named before its turn. */
  take(containerId: string): void {
    this.#queue.add(containerId);
    if (!this.#isLooking) void this.#look();
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    for (const id of this.#queue) {
      this.#queue.delete(id);
      try {
        const [container] = await this.#engine.inspectContainers([id]);
        const isUrgent = container?.state !== 'running';
        this.#mark({ reason: 'looked again', stale: new Set([id]), isUrgent, atMs: this.#clock.unixMs() });
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        // Nor would it say more of the others.
        this.#queue.clear();
      }
    }
    this.#isLooking = false;
  }
}
