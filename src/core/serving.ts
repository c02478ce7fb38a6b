import type { Candidate, Contender, Readiness } from './candidate.ts';
import type { Condition, Member, Membership, Method, Role } from './model.ts';

/** Who of a pool's contenders serves, and what is said of each. */
export interface Serving {
  readonly members: readonly Member[];
  readonly memberships: readonly Membership[];
}

/**
 * Chooses who serves: ready primaries with backups behind them; else ready backups; else whoever answers at its port
 * though its health check has not passed yet, or though it was told to stop; else, failing open, the unhealthy, since a
 * broken check must not take the site down.
 */
export function chooseMembers(group: readonly Contender[], method: Method, failOpen: boolean): Serving {
  const hasPrimary = group.some(is('primary', 'ready'));
  const lastResort = hasPrimary || group.some(is('backup', 'ready')) ? undefined : chooseLastResort(group, failOpen);
  const primaries: Member[] = [];
  const backups: Member[] = [];
  const memberships = group.map((contender) => {
    const { readiness, request } = contender;
    const serve = (condition: Condition, remark: string): Membership => {
      (request.role === 'primary' ? primaries : backups).push(toMember(contender, condition === 'standby'));
      return describe(contender, 'in', condition, remark === '' ? readiness.reason : `${readiness.reason}${remark}`);
    };
    if (readiness.kind === 'ready') {
      if (request.role === 'primary') return serve('ready', '');
      if (!hasPrimary) return serve('serving', '; serves, since no primary can');
      if (admitsBackups(method)) return serve('standby', '; stands by');
      return describe(contender, 'waiting', 'standby', `${method.kind} admits no backup beside primaries`);
    }
    const condition = conditions[readiness.kind];
    if (lastResort?.kind === readiness.kind && lastResort.role === request.role) {
      return serve(condition, lastResort.remark);
    }
    return describe(contender, condition === 'starting' ? 'waiting' : 'out', condition, readiness.reason);
  });
  return { members: backups.length === 0 ? primaries : [...primaries, ...backups], memberships };
}

/** Of those that are not ready. */
const conditions = {
  starting: 'starting',
  answering: 'starting',
  unhealthy: 'unhealthy',
  leaving: 'draining',
  gone: 'draining',
} as const;

/** nginx refuses `backup` together with the other methods. */
function admitsBackups({ kind }: Method): boolean {
  return kind === 'round_robin' || kind === 'least_conn';
}

/** Whoever serves where nobody is ready. */
interface LastResort {
  readonly kind: Readiness['kind'];
  readonly role: Role;
  readonly remark: string;
}

function chooseLastResort(group: readonly Contender[], failOpen: boolean): LastResort | undefined {
  const resorts = [
    { kind: 'answering', remark: ', but its port answers and nobody else is there' },
    { kind: 'leaving', remark: ', but still answers and nobody else is there' },
    ...(failOpen ? [{ kind: 'unhealthy', remark: ', but nobody is healthy' } as const] : []),
  ] as const;
  for (const { kind, remark } of resorts) {
    for (const role of ['primary', 'backup'] as const) if (group.some(is(role, kind))) return { kind, role, remark };
  }
  return undefined;
}

/** A row about a candidate, for people. */
export function describe(
  candidate: Candidate,
  state: Membership['state'],
  condition: Condition,
  reason: string,
): Membership {
  const { container, request, address, known } = candidate;
  if (known.row?.state === state && known.row.condition === condition && known.row.reason === reason) return known.row;
  const { pool, role } = request;
  known.row = { containerId: container.id, container: container.name, pool, role, address, state, condition, reason };
  return known.row;
}

function is(role: Role, kind: Readiness['kind']): (contender: Contender) => boolean {
  return ({ request, readiness }) => request.role === role && readiness.kind === kind;
}

function toMember({ container, request, address, labels, known }: Contender, standsBy: boolean): Member {
  const { options } = labels;
  if (known.member?.standsBy === standsBy && known.member.options === options) return known.member;
  const { id: containerId, name, node } = container;
  const where = node === undefined ? {} : { node };
  known.member = { containerId, container: name, ...where, role: request.role, standsBy, address, options };
  return known.member;
}
