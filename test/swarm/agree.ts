import { eventually } from '../support/eventually.ts';
import type { Machine } from './lab/machine.ts';
import type { SwarmStack, Wanted } from './stack.ts';

/** When Swarm had done what it was told, and when the balancers had followed; milliseconds after the step began. */
export interface Agreement {
  /** Its task list is the one that it stayed with. */
  readonly settledMs: number;
  /** All of the balancers had that list in nginx's file. */
  readonly agreedMs: number;
  readonly wanted: Wanted;
}

export interface Agreeing {
  /** Whose task list counts. */
  readonly manager: Machine;
  readonly balancers: readonly Machine[];
  /** On the monotonic clock. */
  readonly sinceMs: number;
  readonly withinMs: number;
  /** Whether Swarm has done what the step is about. */
  readonly isDone: (running: Wanted['running']) => boolean;
}

/**
 * Waits until Swarm is done and each balancer's nginx runs exactly what Swarm's task list says. Throws, with both lists, where
 * that does not come.
 */
export async function agree(stack: SwarmStack, agreeing: Agreeing): Promise<Agreement> {
  const { manager, balancers, sinceMs, withinMs, isDone } = agreeing;
  let settled: { readonly list: string; readonly atMs: number } | undefined;
  return eventually(
    `that ${balancers.map(({ name }) => name).join(', ')} agree with Swarm`,
    async () => {
      const wanted = await stack.listWanted(manager);
      const list = wanted.servers.join(', ');
      if (!isDone(wanted.running)) throw new Error(`Swarm runs ${JSON.stringify(wanted.running)}`);
      if (settled?.list !== list) settled = { list, atMs: performance.now() };
      for (const balancer of balancers) compare(balancer, list, await stack.readServers(balancer));
      const agreedMs = performance.now() - sinceMs;
      await Promise.all(
        balancers.map(async (balancer) => {
          compare(balancer, list, await stack.askServers(balancer));
        }),
      );
      return { settledMs: settled.atMs - sinceMs, agreedMs, wanted };
    },
    { withinMs, everyMs: 20 },
  );
}

function compare({ name }: Machine, swarm: string, servers: readonly string[] | undefined): void {
  const balancer = servers?.join(', ') ?? 'no pool';
  if (balancer !== swarm) throw new Error(`${name} has ${balancer}; Swarm runs ${swarm}`);
}
