import type { Inspected } from './engine-api.ts';
import { pools } from './operations.ts';
import type { Fault, Mood, Operation } from './operations.ts';
import type { Look } from './compare.ts';

const takers: ReadonlySet<Fault['kind']> = new Set([
  ...(['nginx killed', 'nginx restarted', 'nginx recreated', 'live-restore'] as const),
]);

/**
 * The pools whose clients may not have lost a request during a step: somebody served there before and after, in the same
 * life at the same address, untouched by the step. Pure.
 */
export function listProtectedPools(
  before: Look,
  after: Look,
  operations: readonly Operation[],
  moods: ReadonlyMap<string, Mood>,
): readonly string[] {
  const touched: ReadonlySet<string> = new Set(
    operations.map((operation) => ('slot' in operation ? operation.slot : 'app')),
  );
  const lives = (look: Look): ReadonlyMap<string, string> =>
    new Map(look.containers.map((container) => [container.Config.Hostname, lifeOf(container)]));
  const [was, is] = [lives(before), lives(after)];
  return pools.filter((pool) =>
    (before.truth.get(pool) ?? []).some((member) => {
      const still = after.truth.get(pool)?.find(({ hostname }) => hostname === member.hostname);
      const service = serviceOf(before, member.hostname);
      return (
        still !== undefined &&
        !still.standsBy &&
        !member.standsBy &&
        still.address === member.address &&
        was.get(member.hostname) === is.get(member.hostname) &&
        !touched.has(service) &&
        (moods.get(service) ?? 'well') === 'well'
      );
    }),
  );
}

/** Whether nginx itself goes away, and requests with it. */
export function takesNginx(fault: Fault | undefined, isLiveRestore: boolean): boolean {
  if (fault?.kind === 'engine stopped' || fault?.kind === 'engine killed') return !isLiveRestore;
  return fault !== undefined && takers.has(fault.kind);
}

function lifeOf({ State: { StartedAt, Status } }: Inspected): string {
  return `${StartedAt} ${Status}`;
}

function serviceOf({ containers }: Look, hostname: string): string {
  const container = containers.find(({ Config }) => Config.Hostname === hostname);
  return container?.Config.Labels?.['com.docker.compose.service'] ?? '';
}
