import { sortByAge } from '../core/age.ts';
import type { Container, Membership, Method, Pool } from '../core/model.ts';
import { groupByName } from '../core/pools-by-name.ts';
import { projectOf, serviceOf } from '../core/project.ts';
import type { EngineStanding } from '../loop/inventory.ts';
import type { Outcome } from '../loop/outcome.ts';
import type { Plan } from '../loop/reconcile.ts';
import { toTenths } from './duration.ts';
import type {
  EngineStatus,
  MemberStatus,
  NginxStatus,
  OutcomeStatus,
  OutsideStatus,
  PoolStatus,
  ProblemStatus,
} from './status-document.ts';

/** What is known beside a plan of the memberships in it. */
export interface Standings {
  /** The plan that nginx has acknowledged last. */
  readonly confirmed: Plan | undefined;
  /** Since when a membership is in its condition, Unix milliseconds. */
  readonly sinceMs: (row: Membership) => number;
}

/** A plan's pools with everybody who asks for them, and those who ask for a pool that is none. Pure. */
export function describePools(
  plan: Plan,
  standings: Standings,
): { readonly pools: readonly PoolStatus[]; readonly outside: readonly OutsideStatus[] } {
  const containers = new Map(plan.containers.map((container) => [container.id, container]));
  const isIn = readWhoIsIn(plan, standings.confirmed);
  const describe = (row: Membership): MemberStatus => {
    const at = new Date(standings.sinceMs(row)).toISOString();
    return describeMember(row, containers.get(row.containerId), isIn(row), at);
  };
  const drafts = new Map(plan.desired.pools.map((pool) => [pool, new Array<MemberStatus>()]));
  const byName = groupByName(plan.desired.pools);
  const outside: OutsideStatus[] = [];
  // Of those that name no pool, only who has asked in vain: what other projects label is their affair.
  const refused = new Set(
    plan.desired.problems.filter(({ effect }) => effect === 'out').map(({ containerId }) => containerId),
  );
  for (const row of sortRowsByAge(plan.desired.memberships, plan.containers)) {
    const container = containers.get(row.containerId);
    const pool = choosePool(byName.get(row.pool ?? ''), container);
    if (pool !== undefined) drafts.get(pool)?.push(describe(row));
    else if (row.pool !== undefined || refused.has(row.containerId)) {
      outside.push({ ...describe(row), pool: row.pool ?? null });
    }
  }
  const pools = plan.desired.pools.map((pool) => {
    const { name, protocol, method } = pool;
    return { name, protocol, method: describeMethod(method), members: drafts.get(pool) ?? [] };
  });
  return { pools, outside };
}

/** One of several engines. */
export function describeEngine({ name, awaySinceMs }: EngineStanding): EngineStatus {
  return awaySinceMs === undefined
    ? { name, state: 'up', since: null }
    : { name, state: 'down', since: new Date(awaySinceMs).toISOString() };
}

/**
 * Every nginx that a plan found.
 *
 * @param heard what it has answered with last, by the target's id
 */
export function describeNginx(
  { found, builds, rendered }: Plan,
  heard: (targetId: string) => string | undefined,
): readonly NginxStatus[] {
  return found.targets.map(({ id, name, answersAt }, index) => {
    const digest = heard(id);
    const version = builds[index]?.version ?? null;
    return { name, answersAt, version, digest: digest ?? null, inStep: digest === rendered.digest };
  });
}

/** What somebody should put right, in the order in which it was found. */
export function describeProblems({ desired, containers }: Plan): readonly ProblemStatus[] {
  if (desired.problems.length === 0) return [];
  const nodes = new Map(containers.map(({ id, node }) => [id, node]));
  return desired.problems.map(({ containerId, container, label, effect, message }) => {
    return { container, node: nodes.get(containerId) ?? null, label, effect, message };
  });
}

/** How a pass ended, without what is told elsewhere. */
export function describeOutcome(outcome: Outcome, at: Date, sinceEventMs: number): OutcomeStatus {
  const { kind } = outcome;
  return {
    kind,
    ...('what' in outcome ? { what: outcome.what } : {}),
    ...('message' in outcome ? { message: outcome.message } : {}),
    at: at.toISOString(),
    sinceEventMs: toTenths(sinceEventMs),
  };
}

function describeMember(row: Membership, container: Container | undefined, isIn: boolean, since: string): MemberStatus {
  return {
    container: row.container,
    id: row.containerId.slice(0, 12),
    service: (container && serviceOf(container)) ?? null,
    project: (container && projectOf(container)) ?? null,
    node: container?.node ?? null,
    task: describeTask(container),
    role: row.role ?? null,
    address: row.address ?? null,
    state: row.condition,
    isIn,
    reason: row.reason,
    since,
  };
}

function describeTask(container: Container | undefined): MemberStatus['task'] {
  if (container?.task === undefined) return null;
  return { id: container.id, containerId: container.task.containerId?.slice(0, 12) ?? null };
}

/** As nginx last acknowledged; what is wanted since may have failed. */
function readWhoIsIn(plan: Plan, confirmed: Plan | undefined): (row: Membership) => boolean {
  if (plan === confirmed) return ({ state }) => state === 'in';
  const rows = (confirmed?.desired.memberships ?? []).filter(({ state }) => state === 'in');
  const keys = new Set(rows.map(keyOf));
  return (row) => keys.has(keyOf(row));
}

function keyOf({ containerId, pool = '' }: Membership): string {
  return `${containerId} ${pool}`;
}

/** A name may be a pool of http and one of the stream module; a container speaks for one of them. */
function choosePool(pools: readonly Pool[] = [], container: Container | undefined): Pool | undefined {
  const protocol = container?.labels['lb.protocol'] ?? 'http';
  return pools.find((pool) => pool.protocol === protocol) ?? pools[0];
}

/** Those of the oldest container first, as in the generated file. */
function sortRowsByAge(rows: readonly Membership[], containers: readonly Container[]): readonly Membership[] {
  const ranks = new Map(sortByAge(containers).map(({ id }, rank) => [id, rank]));
  const rank = ({ containerId }: Membership): number => ranks.get(containerId) ?? -1;
  return [...rows].sort((one, other) => rank(one) - rank(other));
}

/** As `lb.method` writes it. */
function describeMethod(method: Method): string {
  switch (method.kind) {
    case 'round_robin':
    case 'least_conn':
    case 'ip_hash':
      return method.kind;
    case 'hash':
      return `hash ${method.key}${method.consistent ? ' consistent' : ''}`;
    case 'random':
      return method.two ? 'random two' : 'random';
  }
}
