import { withoutCommonEnds } from './common-ends.ts';
import type { Desired, Member, Pool, Role } from './model.ts';
import { groupByName } from './pools-by-name.ts';
import { isSameList } from './same-list.ts';

/** One member's coming, going or change of place in a pool. */
export interface Move {
  readonly container: string;
  /** The machine it runs on; only where lbwatch looks at several. */
  readonly node?: string | undefined;
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
  if (before?.pools === after.pools) return [];
  const was = groupByName(before?.pools ?? []);
  const is = groupByName(after.pools);
  const names = [...new Set([...was.keys(), ...is.keys()])].filter((name) => !isSameGroup(was.get(name), is.get(name)));
  const turnovers = names.sort().map((name) => compare(name, was.get(name), is.get(name)));
  const reasons = readReasons(after, turnovers);
  return turnovers.flatMap(({ pool, joined, left, isNewOrGone, after: members }) => {
    if (joined.length === 0 && left.length === 0 && !isNewOrGone) return [];
    const toMove = ({ containerId, container, node, role, address }: Member, why?: string): Move => {
      const where = node === undefined ? {} : { node };
      return { container, ...where, role, address, reason: why ?? reasons.get(keyOf(pool, containerId)) ?? 'removed' };
    };
    const stayed = new Set(joined.map(({ containerId }) => containerId));
    const count = (wanted: Role): number => members.filter(({ role }) => role === wanted).length;
    return {
      pool,
      joined: joined.map((member) => toMove(member)),
      left: left.map((member) => toMove(member, stayed.has(member.containerId) ? 'its place changed' : undefined)),
      primaries: count('primary'),
      backups: count('backup'),
    };
  });
}

/** Who came to a pool and who went. */
interface Turnover {
  readonly pool: string;
  readonly joined: readonly Member[];
  readonly left: readonly Member[];
  /** The pool itself came or went. */
  readonly isNewOrGone: boolean;
  readonly after: readonly Member[];
}

function compare(pool: string, before: readonly Pool[] | undefined, after: readonly Pool[] | undefined): Turnover {
  const was = (before ?? []).flatMap(({ members }) => members);
  const is = (after ?? []).flatMap(({ members }) => members);
  const [others, newOnes] = withoutCommonEnds(was, is);
  return {
    pool,
    joined: listMissing(newOnes, others),
    left: listMissing(others, newOnes),
    isNewOrGone: before === undefined || after === undefined,
    after: is,
  };
}

/** Those of one list that have no equal in the other, for people. */
function listMissing(one: readonly Member[], other: readonly Member[]): readonly Member[] {
  const byId = new Map(other.map((member) => [member.containerId, member]));
  return one.filter(({ containerId, address, role }) => {
    const same = byId.get(containerId);
    return same?.address !== address || same.role !== role;
  });
}

/** What is said of those who moved. */
function readReasons({ memberships }: Desired, turnovers: readonly Turnover[]): ReadonlyMap<string, string> {
  const moved = new Set(turnovers.flatMap(({ joined, left }) => [...joined, ...left].map((one) => one.containerId)));
  const rows = memberships.filter(({ containerId }) => moved.has(containerId));
  return new Map(rows.map(({ pool, containerId, reason }) => [keyOf(pool ?? '', containerId), reason]));
}

function isSameGroup(one: readonly Pool[] | undefined, other: readonly Pool[] | undefined): boolean {
  return one !== undefined && other !== undefined && isSameList(one, other);
}

function keyOf(pool: string, containerId: string): string {
  return `${pool} ${containerId}`;
}
