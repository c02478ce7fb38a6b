import { sortMemberships } from '../core/desired.ts';
import { findAllMeant } from '../core/find-container.ts';
import type { Container, Desired, Membership, Problem, Protocol } from '../core/model.ts';
import { printable } from '../core/printable.ts';
import { renderTable } from './table.ts';
import { describeWho } from './who.ts';

/** What `lbwatch explain` says of containers. */
export interface Explained {
  readonly rows: readonly ExplainedRow[];
  /** Problems of these containers that the rows' reasons do not tell, since only a label is ignored. */
  readonly ignored: readonly (Pick<Problem, 'container' | 'message'> & Pick<Container, 'node'>)[];
}

/** One container's standing in one pool; `node` and a `protocol` that is not http only where there is one. */
interface ExplainedRow {
  readonly container: string;
  readonly node?: string;
  readonly pool: string | null;
  readonly protocol?: Protocol;
  readonly role: Membership['role'] | null;
  readonly state: Membership['state'];
  readonly address: string | null;
  readonly reason: string;
}

/**
 * Says of each container whether it is in, waiting or out, and why: those that ask for a pool first. Pure.
 *
 * @param wanted a name, the beginning of an id, or a service; undefined: everybody
 */
export function explainContainers(
  containers: readonly Container[],
  desired: Desired,
  wanted: string | undefined,
): Explained {
  const meant = wanted === undefined ? containers : findAllMeant(containers, wanted);
  const byId = new Map(meant.map((container) => [container.id, container]));
  const toRow = describeRow(byId, desired);
  const rows = sortMemberships(desired.memberships)
    .filter(({ containerId }) => byId.has(containerId))
    .sort((one, other) => Number(one.pool === undefined) - Number(other.pool === undefined))
    .map(toRow);
  const ignored = desired.problems.flatMap(({ effect, containerId, container, message }) => {
    const whose = byId.get(containerId);
    return effect === 'ignored' && whose !== undefined ? [{ container, node: whose.node, message }] : [];
  });
  return { rows, ignored };
}

/** The same as lines for a person; NODE is a column where any of them is on a machine that has a name. */
export function renderExplained({ rows, ignored }: Explained): string {
  const hasNodes = rows.some(({ node }) => node !== undefined);
  const head = ['CONTAINER', ...(hasNodes ? ['NODE'] : []), 'POOL', 'ROLE', 'STATE', 'ADDRESS', 'REASON'];
  const cells = rows.map(({ container, node, pool, protocol, role, state, address, reason }) => {
    const where = hasNodes ? [node === undefined ? '-' : printable(node)] : [];
    const shown = protocol === undefined ? (pool ?? '-') : `${pool ?? '-'} (${protocol})`;
    return [printable(container), ...where, shown, role ?? '-', state, address ?? '-', reason];
  });
  const problems = ignored.map(
    ({ container, node, message }) => `problem: ${describeWho(container, node)}: ${message}\n`,
  );
  return [renderTable(head, cells), ...problems].join('');
}

function describeRow(byId: ReadonlyMap<string, Container>, { pools }: Desired): (row: Membership) => ExplainedRow {
  // Of two pools of one name, the one that has members is meant.
  const byMembers = [...pools].sort((one, other) => one.members.length - other.members.length);
  const protocols = new Map(byMembers.map(({ name, protocol }) => [name, protocol]));
  return ({ containerId, container, pool, role, state, address, reason }) => {
    const node = byId.get(containerId)?.node;
    const protocol = protocols.get(pool ?? '') ?? 'http';
    return {
      container,
      ...(node === undefined ? {} : { node }),
      pool: pool ?? null,
      ...(protocol === 'http' ? {} : { protocol }),
      role: role ?? null,
      state,
      address: address ?? null,
      reason,
    };
  };
}
