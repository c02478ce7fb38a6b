import type { Registry } from 'prom-client';

import type { Condition, Role } from '../../core/model.ts';
import type { Plan } from '../../loop/reconcile.ts';
import { LookedAt } from './looked-at.ts';
import type { Reading } from './looked-at.ts';

/** The states that a member can be in, by role. */
const states: Readonly<Record<Role, readonly Condition[]>> = {
  primary: ['ready', 'starting', 'draining', 'unhealthy', 'out'],
  backup: ['serving', 'standby', 'starting', 'draining', 'unhealthy', 'out'],
};
const roles = ['primary', 'backup'] as const;

/**
 * Has the pools in the registry, and the containers that they are made of.
 *
 * @param readPlan what the last pass has found; undefined before that
 */
export function addPoolMetrics(registry: Registry, readPlan: () => Plan | undefined): void {
  new LookedAt(
    registry,
    'lbwatch_pool_members',
    'Containers that ask for a pool, by role and state.',
    ['pool', 'role', 'state'],
    () => readMembers(readPlan()),
  );
  new LookedAt(
    registry,
    'lbwatch_pool_servers',
    'Members that nginx is to send to: those in the pool, without backups that stand by.',
    ['pool'],
    () => [...listPools(readPlan())].map(([pool, value]) => ({ labels: { pool }, value })),
  );
  new LookedAt(
    registry,
    'lbwatch_node_members',
    'Members that nginx is to send to, by the node they run on; one that is in several pools counts once.',
    ['node'],
    () => [...listNodes(readPlan())].map(([node, value]) => ({ labels: { node }, value })),
  );
  new LookedAt(registry, 'lbwatch_containers', 'Containers on the engine, running or not.', [], () => [
    { labels: {}, value: readPlan()?.containers.length ?? 0 },
  ]);
  new LookedAt(
    registry,
    'lbwatch_problems',
    'What somebody should put right, by what it does: the container stays out, or the label is ignored.',
    ['effect'],
    () => {
      const problems = readPlan()?.desired.problems ?? [];
      return (['out', 'ignored'] as const).map((effect) => {
        return { labels: { effect }, value: problems.filter((problem) => problem.effect === effect).length };
      });
    },
  );
  new LookedAt(registry, 'lbwatch_notes', 'What is amiss and belongs to no container.', [], () => [
    { labels: {}, value: readPlan()?.notes.length ?? 0 },
  ]);
}

/** Each state of each pool. Who asks for a pool that nginx does not get is in none of them; a problem tells of it. */
function* readMembers(plan: Plan | undefined): Generator<Reading<'pool' | 'role' | 'state'>> {
  const counts = new Map<string, number>();
  for (const { pool, role, condition } of plan?.desired.memberships ?? []) {
    if (pool === undefined || role === undefined) continue;
    const key = keyOf(pool, role, condition);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (const pool of listPools(plan).keys()) {
    for (const role of roles) {
      for (const state of states[role]) {
        yield { labels: { pool, role, state }, value: counts.get(keyOf(pool, role, state)) ?? 0 };
      }
    }
  }
}

/** nginx does not tell names apart by case. */
function keyOf(pool: string, role: Role, state: Condition): string {
  return `${pool.toLowerCase()} ${role} ${state}`;
}

/**
 * The pools by name, and how many nginx is to send to. A name that the site uses in both of its blocks is one pool all the
 * same, though nginx gets two.
 */
function listPools(plan: Plan | undefined): ReadonlyMap<string, number> {
  const pools = new Map<string, number>();
  for (const { name, members } of plan?.desired.pools ?? []) {
    const servers = members.filter(({ standsBy }) => !standsBy).length;
    pools.set(name, Math.max(servers, pools.get(name) ?? 0));
  }
  return pools;
}

/**
 * The nodes by name on which a container asks for a pool as a primary, or serves, and how many there serve. None where
 * containers are on no node that has a name.
 */
function listNodes(plan: Plan | undefined): ReadonlyMap<string, number> {
  const serving = new Set<string>();
  for (const { members } of plan?.desired.pools ?? []) {
    for (const { containerId, standsBy } of members) if (!standsBy) serving.add(containerId);
  }
  const primaries = new Set<string>();
  for (const { containerId, pool, role } of plan?.desired.memberships ?? []) {
    if (pool !== undefined && role === 'primary') primaries.add(containerId);
  }
  const nodes = new Map<string, number>();
  for (const { id, node } of plan?.containers ?? []) {
    if (node === undefined || !(serving.has(id) || primaries.has(id))) continue;
    nodes.set(node, (nodes.get(node) ?? 0) + (serving.has(id) ? 1 : 0));
  }
  return nodes;
}
