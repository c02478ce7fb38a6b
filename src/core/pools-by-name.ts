import type { Pool } from './model.ts';

/** Pools of one name, which may be one for http and one for the stream module. */
export function groupByName(pools: readonly Pool[]): ReadonlyMap<string, readonly Pool[]> {
  const groups = new Map<string, Pool[]>();
  for (const pool of pools) {
    const group = groups.get(pool.name);
    if (group === undefined) groups.set(pool.name, [pool]);
    else group.push(pool);
  }
  return groups;
}
