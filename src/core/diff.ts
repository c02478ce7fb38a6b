import type { Desired, Member, Pool, Role } from './model.ts';

/** One member's coming, going or change of place in a pool. */
export interface Move {
  readonly container: string;
  readonly role: Role;
  readonly address: string;
  readonly reason: string;
}

/** What one applied pass changed in one pool, for the log. */
export interface PoolChange {
  readonly pool: string;
  readonly joined: readonly Move[];
  readonly left: readonly Move[];
  /** Members in after the change. */
  readonly primaries: number;
  readonly backups: number;
}

/**
 * Compares what nginx ran with what it runs now, pool by pool. A pool that appears empty or is dropped is a change
 * without moves. A container whose address changed leaves and joins. A pool that is the same object as before is not looked
 * into.
 *
 * @param before undefined when nothing is known, as at the controller's start
 */
export function diff(before: Desired | undefined, after: Desired): readonly PoolChange[] {
  const was = groupByName(before?.pools ?? []);
  const is = groupByName(after.pools);
  const names = [...new Set([...was.keys(), ...is.keys()])].filter((name) => !isSameList(was.get(name), is.get(name)));
  const reasonOf = readReasons(after, new Set(names));
  return names.sort().flatMap((name) => comparePool(name, was.get(name), is.get(name), reasonOf) ?? []);
}

type ReasonOf = (pool: string, containerId: string) => string | undefined;

function comparePool(
  pool: string,
  before: readonly Pool[] | undefined,
  after: readonly Pool[] | undefined,
  reasonOf: ReasonOf,
): PoolChange | undefined {
  const was = indexMembers(before ?? []);
  const is = indexMembers(after ?? []);
  const isSame = (one: Member | undefined, other: Member): boolean =>
    one === other || (one?.address === other.address && one.role === other.role);
  const toMove = ({ containerId, container, role, address }: Member, why?: string): Move => {
    return { container, role, address, reason: why ?? reasonOf(pool, containerId) ?? 'removed' };
  };
  const members = [...is.values()];
  const joined = members.filter((one) => !isSame(was.get(one.containerId), one)).map((one) => toMove(one));
  const left = [...was.values()]
    .filter((one) => !isSame(is.get(one.containerId), one))
    .map((one) => toMove(one, is.has(one.containerId) ? 'its place changed' : undefined));
  if (joined.length === 0 && left.length === 0 && before !== undefined && after !== undefined) return undefined;
  const count = (wanted: Role): number => members.filter(({ role }) => role === wanted).length;
  return { pool, joined, left, primaries: count('primary'), backups: count('backup') };
}

/** Pools of one name, which may be one for http and one for the stream module. */
function groupByName(pools: readonly Pool[]): ReadonlyMap<string, readonly Pool[]> {
  const groups = new Map<string, Pool[]>();
  for (const pool of pools) {
    const group = groups.get(pool.name);
    if (group === undefined) groups.set(pool.name, [pool]);
    else group.push(pool);
  }
  return groups;
}

function indexMembers(pools: readonly Pool[]): ReadonlyMap<string, Member> {
  return new Map(pools.flatMap(({ members }) => members.map((member) => [member.containerId, member])));
}

/** Why each container is in, waiting for or out of some of the pools. */
function readReasons({ memberships }: Desired, pools: ReadonlySet<string>): ReasonOf {
  const reasons = new Map<string, string>();
  for (const { pool, containerId, reason } of memberships) {
    if (pool !== undefined && pools.has(pool)) reasons.set(`${pool} ${containerId}`, reason);
  }
  return (pool, containerId) => reasons.get(`${pool} ${containerId}`);
}

function isSameList(one: readonly Pool[] | undefined, other: readonly Pool[] | undefined): boolean {
  return one?.length === other?.length && (one ?? []).every((pool, index) => pool === other?.[index]);
}
