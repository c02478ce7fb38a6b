import type { Departure } from '../core/model.ts';
import { waitAtMost } from './at-most.ts';
import { findOwner } from './host.ts';
import type { Host } from './host.ts';
import { patienceMs } from './joint-inventory.ts';
import type { Lives } from './lifecycle.ts';
import type { Clock } from './ports.ts';

/** What the events of several engines tell, each of its own containers. */
export class JointLifecycle implements Lives {
  readonly #hosts: readonly Host[];
  readonly #clock: Clock;
  #parts: readonly ReadonlyMap<string, number>[] = [];
  #lives: ReadonlyMap<string, number> = new Map();

  constructor(hosts: readonly Host[], clock: Clock) {
    this.#hosts = hosts;
    this.#clock = clock;
  }

  /** Waits for no engine longer than a moment: what it tells later counts from then on. */
  async recall(): Promise<void> {
    const asked = this.#hosts.filter(({ isWorthAsking }) => isWorthAsking);
    await Promise.all(asked.map(({ lifecycle }) => waitAtMost(this.#clock, patienceMs, lifecycle.recall())));
  }

  forgetAllBut(ids: ReadonlySet<string>): void {
    for (const { lifecycle } of this.#hosts) lifecycle.forgetAllBut(ids);
  }

  /** Each engine is believed of its own containers alone: whoever is on the way to one could send away everybody's. */
  get departures(): ReadonlyMap<string, Departure> {
    return new Map(
      this.#hosts.flatMap((host) =>
        [...host.lifecycle.departures].filter(([id]) => findOwner(this.#hosts, id) === host),
      ),
    );
  }

  /** The same map for as long as nothing has changed. */
  get lives(): ReadonlyMap<string, number> {
    const parts = this.#hosts.map(({ lifecycle }) => lifecycle.lives);
    if (!parts.every((part, index) => part === this.#parts[index])) {
      this.#parts = parts;
      this.#lives = new Map(parts.flatMap((part) => [...part]));
    }
    return this.#lives;
  }
}
