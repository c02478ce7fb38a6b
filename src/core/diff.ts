import type { Desired, Membership, Role } from './model.ts';

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

const emptyDesired: Desired = { pools: [], memberships: [], problems: [] };

/**
 * Compares what nginx ran with what it runs now, pool by pool. A pool that appears empty or is dropped is a change
 * without moves. A container whose address changed leaves and joins.
 *
 * @param before undefined when nothing is known, as at the controller's start
 */
export function diff(before: Desired | undefined, after: Desired): readonly PoolChange[] {
  const was = indexMembers(before ?? emptyDesired);
  const is = indexMembers(after);
  const reasons = new Map(after.memberships.map((row) => [keyOf(row.pool ?? '', row.containerId), row.reason]));
  const names = [...new Set([...was.keys(), ...is.keys()])].sort();
  const changes: PoolChange[] = [];
  for (const pool of names) {
    const old = was.get(pool);
    const now = is.get(pool) ?? new Map<string, Membership>();
    const isSame = (one: Membership | undefined, other: Membership): boolean =>
      one !== undefined && one.address === other.address && one.role === other.role;
    const joined = [...now].filter(([id, row]) => !isSame(old?.get(id), row)).map(([, row]) => toMove(row, row.reason));
    const left = [...(old ?? [])]
      .filter(([id, row]) => !isSame(now.get(id), row))
      .map(([id, row]) => toMove(row, now.has(id) ? 'its place changed' : (reasons.get(keyOf(pool, id)) ?? 'removed')));
    if (joined.length === 0 && left.length === 0 && old !== undefined && is.has(pool)) continue;
    const rows = [...now.values()];
    changes.push({
      pool,
      joined,
      left,
      primaries: rows.filter((row) => row.role === 'primary').length,
      backups: rows.filter((row) => row.role === 'backup').length,
    });
  }
  return changes;
}

/** The rows that are in, by pool and container; empty pools have an empty entry. */
function indexMembers(desired: Desired): Map<string, Map<string, Membership>> {
  const index = new Map<string, Map<string, Membership>>(desired.pools.map((pool) => [pool.name, new Map()]));
  for (const row of desired.memberships) {
    if (row.state === 'in' && row.pool !== undefined) index.get(row.pool)?.set(row.containerId, row);
  }
  return index;
}

function toMove(row: Membership, reason: string): Move {
  return { container: row.container, role: row.role ?? 'primary', address: row.address ?? '', reason };
}

function keyOf(pool: string, containerId: string): string {
  return `${pool} ${containerId}`;
}
