import { isOfInterest } from '../core/concern.ts';
import type { Identity, Interest } from '../core/concern.ts';
import type { EngineEvent } from '../loop/ports.ts';

/** As many as may come between two looks at everything. */
const mostKnown = 10_000;

/**
 * Tells the events of containers that can change nothing: a pass for one would cost an inspect, and those who matter would
 * wait for it. What the status says of them is as new as the last look at everything.
 */
export class Strangers {
  readonly #find: (containerId: string) => Identity | undefined;
  readonly #interest: () => Interest;
  /** Not in the inventory yet. */
  readonly #known = new Set<string>();

  /**
   * @param find in the inventory
   * @param interest as it is known at the moment
   */
  constructor(find: (containerId: string) => Identity | undefined, interest: () => Interest) {
    this.#find = find;
    this.#interest = interest;
  }

  /** In doubt it is none. */
  isStrange(event: EngineEvent): boolean {
    const { action, containerId } = event;
    // Its new name may be the one that matters.
    if (action === 'rename') return false;
    const identity = this.#find(containerId) ?? identify(event);
    // A network's event names neither name nor labels; a container is created before it is connected.
    if (identity === undefined) return this.#known.has(containerId);
    const isStrange = !isOfInterest(identity, this.#interest());
    if (!isStrange || action === 'destroy') this.#known.delete(containerId);
    else {
      if (this.#known.size >= mostKnown) this.#known.clear();
      this.#known.add(containerId);
    }
    return isStrange;
  }
}

function identify({ containerId: id, name, labels }: EngineEvent): Identity | undefined {
  return name === undefined || labels === undefined ? undefined : { id, name, labels };
}
