import { setTimeout as pause } from 'node:timers/promises';

import type { Running } from '../support/compose.ts';
import { eventually } from '../support/eventually.ts';
import type { LoadClient } from './load/load-client.ts';
import { nowMs } from './load/sent-request.ts';
import { hostnameOf } from './moments.ts';
import type { Moment } from './moments.ts';
import type { TrafficStack } from './stack.ts';

const joinWithinMs = 20_000;
/** What a person gives a static upstream that will never ask a new member. */
const hopeForMs = 2000;

/** What happens in a case is done here: to the stack, under load. */
export class Stage {
  readonly stack: TrafficStack;
  readonly #client: LoadClient;
  readonly #marked: Moment[] = [];

  constructor(stack: TrafficStack, client: LoadClient) {
    this.stack = stack;
    this.#client = client;
  }

  /** Moments that the engine does not tell of. */
  get marked(): readonly Moment[] {
    return this.#marked;
  }

  mark(kind: Moment['kind'], container: Running): void {
    this.#marked.push({ kind, hostname: hostnameOf(container.id), atMs: nowMs() });
  }

  /** The oldest container of a service. */
  async first(service: string): Promise<Running> {
    const [container] = await this.stack.running(service);
    if (container === undefined) throw new Error(`no container of ${service} runs`);
    return container;
  }

  /** Waits until each of these containers has answered a request sent from now on. */
  async awaitAnswersOf(containers: readonly Running[]): Promise<void> {
    if (!this.stack.variant.doesFollow) {
      await pause(hopeForMs);
      return;
    }
    const sinceMs = nowMs();
    await eventually(
      `an answer of each of ${containers.map(({ name }) => name).join(', ')}`,
      () => {
        const answered = new Set(
          this.#client.sent.flatMap(({ startMs, answer }) =>
            startMs >= sinceMs && answer.kind === 'app' ? [answer.hostname] : [],
          ),
        );
        const missing = containers.filter(({ id }) => !answered.has(hostnameOf(id)));
        if (missing.length > 0) throw new Error(`${missing.map(({ name }) => name).join(', ')} did not answer`);
      },
      { withinMs: joinWithinMs },
    );
  }

  /** For what takes its time by itself: an app that hangs, a pause. */
  async let(ms: number): Promise<void> {
    await pause(ms);
  }
}
