import { readReadiness } from './candidate.ts';
import type { Candidate, Readiness } from './candidate.ts';
import type { Member, Membership, Method } from './model.ts';
import type { Standing } from './probe.ts';

/** A candidate, and whether it can serve now. */
export interface Contender extends Candidate {
  readonly readiness: Readiness;
}

/** Who of a pool's contenders serves, and what is said of each. */
export interface Serving {
  readonly members: readonly Member[];
  readonly memberships: readonly Membership[];
}

/** What was made of a candidate, and of a contender, the last time: the same again for as long as nothing has changed. */
const knownContenders = new WeakMap<Candidate, Contender>();
const knownMembers = new WeakMap<Contender, Member>();
const knownRows = new WeakMap<Candidate, Membership>();

/** A candidate with its readiness. */
export function contend(candidate: Candidate, standings: ReadonlyMap<string, Standing>): Contender {
  const readiness = readReadiness(candidate, standings);
  const known = knownContenders.get(candidate);
  if (known?.readiness.kind === readiness.kind && known.readiness.reason === readiness.reason) return known;
  const contender = { ...candidate, readiness };
  knownContenders.set(candidate, contender);
  return contender;
}

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

  const memberships = new Map<Contender, Membership>();
  const members: Member[] = [];
  const serve = (contender: Contender, standsBy: boolean, remark = ''): void => {
    memberships.set(contender, describe(contender, 'in', `${contender.readiness.reason}${remark}`));
    members.push(toMember(contender, standsBy));
  };
  for (const contender of primaries) serve(contender, false);
  for (const contender of backups) {
    if (primaries.length === 0) serve(contender, false, '; serves, since no primary can');
    else if (admitsBackups) serve(contender, true, '; stands by');
    else memberships.set(contender, describe(contender, 'waiting', `${method.kind} admits no backup beside primaries`));
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
  return { members, memberships: group.map((contender) => memberships.get(contender) ?? describeIdle(contender)) };
}

/** A row about a candidate, for people. */
export function describe(candidate: Candidate, state: Membership['state'], reason: string): Membership {
  const known = knownRows.get(candidate);
  if (known?.state === state && known.reason === reason) return known;
  const { container, request, address } = candidate;
  const { pool, role } = request;
  const row = { containerId: container.id, container: container.name, pool, role, address, state, reason };
  knownRows.set(candidate, row);
  return row;
}

function describeIdle(contender: Contender): Membership {
  const { kind, reason } = contender.readiness;
  return describe(contender, kind === 'starting' || kind === 'answering' ? 'waiting' : 'out', reason);
}

function primariesElseBackups(group: readonly Contender[], kind: Readiness['kind']): readonly Contender[] {
  const primaries = group.filter(is('primary', kind));
  return primaries.length > 0 ? primaries : group.filter(is('backup', kind));
}

function is(role: Member['role'], kind: Readiness['kind']): (contender: Contender) => boolean {
  return ({ request, readiness }) => request.role === role && readiness.kind === kind;
}

function toMember(contender: Contender, standsBy: boolean): Member {
  const known = knownMembers.get(contender);
  if (known?.standsBy === standsBy) return known;
  const { container, request, address, labels } = contender;
  const { id: containerId, name } = container;
  const member = { containerId, container: name, role: request.role, standsBy, address, options: labels.options };
  knownMembers.set(contender, member);
  return member;
}
