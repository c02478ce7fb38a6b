import type { Candidate, Readiness } from './candidate.ts';
import type { Member, Membership, Method } from './model.ts';

/** A candidate, and whether it can serve now. */
export interface Contender extends Candidate {
  readonly readiness: Readiness;
}

/** Who of a pool's contenders serves, and what is said of each. */
export interface Serving {
  readonly members: readonly Member[];
  readonly memberships: readonly Membership[];
}

type Standing = Pick<Membership, 'state' | 'reason'>;

/**
 * Chooses who serves: ready primaries with backups behind them; else ready backups; else whoever answers at its port
 * though its health check has not passed yet, or though it was told to stop; else, failing open, the unhealthy, since a
 * broken check must not take the site down.
 */
export function chooseMembers(group: readonly Contender[], method: Method, failOpen: boolean): Serving {
  const primaries = group.filter(is('primary', 'ready'));
  const backups = group.filter(is('backup', 'ready'));
  // nginx refuses `backup` together with the other methods.
  const admitsBackups = method.kind === 'round_robin' || method.kind === 'least_conn';

  const standings = new Map<Contender, Standing>();
  const members: Member[] = [];
  const serve = (contender: Contender, standsBy: boolean, remark = ''): void => {
    standings.set(contender, { state: 'in', reason: `${contender.readiness.reason}${remark}` });
    members.push(toMember(contender, standsBy));
  };
  for (const contender of primaries) serve(contender, false);
  for (const contender of backups) {
    if (primaries.length === 0) serve(contender, false, '; serves, since no primary can');
    else if (admitsBackups) serve(contender, true, '; stands by');
    else standings.set(contender, { state: 'waiting', reason: `${method.kind} admits no backup beside primaries` });
  }
  if (members.length === 0) {
    for (const contender of primariesElseBackups(group, 'answering')) {
      serve(contender, false, ', but its port answers and nobody else is there');
    }
  }
  if (members.length === 0) {
    for (const contender of primariesElseBackups(group, 'leaving')) {
      serve(contender, false, ', but still answers and nobody else is there');
    }
  }
  if (members.length === 0 && failOpen) {
    for (const contender of primariesElseBackups(group, 'unhealthy'))
      serve(contender, false, ', but nobody is healthy');
  }
  return {
    members,
    memberships: group.map((contender) => describe(contender, standings.get(contender) ?? describeIdle(contender))),
  };
}

/** A row about a candidate, for people. */
export function describe({ container, request, address }: Candidate, standing: Standing): Membership {
  const { pool, role } = request;
  return { containerId: container.id, container: container.name, pool, role, address, ...standing };
}

function describeIdle({ readiness: { kind, reason } }: Contender): Standing {
  return { state: kind === 'starting' || kind === 'answering' ? 'waiting' : 'out', reason };
}

function primariesElseBackups(group: readonly Contender[], kind: Readiness['kind']): readonly Contender[] {
  const primaries = group.filter(is('primary', kind));
  return primaries.length > 0 ? primaries : group.filter(is('backup', kind));
}

function is(role: Member['role'], kind: Readiness['kind']): (contender: Contender) => boolean {
  return ({ request, readiness }) => request.role === role && readiness.kind === kind;
}

function toMember({ container, request, address, labels }: Contender, standsBy: boolean): Member {
  return {
    containerId: container.id,
    container: container.name,
    role: request.role,
    standsBy,
    address,
    options: labels.options,
  };
}
