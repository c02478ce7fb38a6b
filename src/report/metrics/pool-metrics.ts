import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

import type { Condition, Role } from '../../core/model.ts';
import type { Plan } from '../../loop/reconcile.ts';

/** The states that a member can be in, by role. */
const states: Readonly<Record<Role, readonly Condition[]>> = {
  primary: ['ready', 'starting', 'draining', 'unhealthy', 'out'],
  backup: ['serving', 'standby', 'starting', 'draining', 'unhealthy', 'out'],
};
const roles = ['primary', 'backup'] as const;

/** The pools as the last pass found them: those that the site or a setting names, and a thousand that labels alone make. */
export class PoolMetrics {
  /** Undefined before the first pass that has found anything. */
  plan: Plan | undefined;
  readonly #members: Gauge<'pool' | 'role' | 'state'>;
  readonly #servers: Gauge<'pool'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const readPlan = (): Plan | undefined => this.plan;
    this.#members = new Gauge({
      name: 'lbwatch_pool_members',
      help: 'Containers that ask for a pool, by role and state.',
      labelNames: ['pool', 'role', 'state'],
      registers,
      collect() {
        const counts = countStates(readPlan());
        for (const pool of listPools(readPlan()).keys()) {
          for (const role of roles) {
            for (const state of states[role]) {
              this.set({ pool, role, state }, counts.get(keyOf(pool, role, state)) ?? 0);
            }
          }
        }
      },
    });
    this.#servers = new Gauge({
      name: 'lbwatch_pool_servers',
      help: 'Members that nginx is to send to: those in the pool, without backups that stand by.',
      labelNames: ['pool'],
      registers,
      collect() {
        for (const [pool, servers] of listPools(readPlan())) this.set({ pool }, servers);
      },
    });
    new Gauge({
      name: 'lbwatch_containers',
      help: 'Containers on the engine, running or not.',
      registers,
      collect() {
        this.set(readPlan()?.containers.length ?? 0);
      },
    });
    new Gauge({
      name: 'lbwatch_problems',
      help: 'What somebody should put right, by what it does: the container stays out, or the label is ignored.',
      labelNames: ['effect'],
      registers,
      collect() {
        const problems = readPlan()?.desired.problems ?? [];
        for (const effect of ['out', 'ignored'] as const) {
          this.set({ effect }, problems.filter((problem) => problem.effect === effect).length);
        }
      },
    });
    new Gauge({
      name: 'lbwatch_notes',
      help: 'What is amiss and belongs to no container.',
      registers,
      collect() {
        this.set(readPlan()?.notes.length ?? 0);
      },
    });
  }

  /** Lets go of what was last told of each pool. */
  forget(): void {
    this.#members.reset();
    this.#servers.reset();
  }
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

/** Who asks for a pool that nginx does not get is counted under a name that nobody asks for; a problem tells of it. */
function countStates(plan: Plan | undefined): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { pool, role, condition } of plan?.desired.memberships ?? []) {
    if (pool === undefined || role === undefined) continue;
    const key = keyOf(pool, role, condition);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** nginx does not tell names apart by case. */
function keyOf(pool: string, role: Role, state: Condition): string {
  return `${pool.toLowerCase()} ${role} ${state}`;
}
