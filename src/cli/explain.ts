import type { Membership, Protocol } from '../core/model.ts';
import { printable, printableLine } from '../core/printable.ts';
import { look } from '../loop/reconcile.ts';
import { renderTable } from '../report/table.ts';
import { complain, say, sayJson } from './say.ts';
import type { Settings } from './settings.ts';
import { wire } from './wire.ts';

/**
 * Says of each container, or of one, whether it is in, waiting or out, and why. Looks for itself and touches nothing.
 * Answers the exit code: 1 where no container has that name.
 */
export async function explain(settings: Settings, wanted: string | undefined, isJson: boolean): Promise<number> {
  const { parts } = await wire(settings);
  const { desired, rendered, found, notes } = await look(parts);
  const isWanted = (row: Membership): boolean =>
    wanted === undefined || row.container === wanted || (wanted.length >= 4 && row.containerId.startsWith(wanted));
  // Those that ask for a pool first.
  const rows = desired.memberships
    .filter(isWanted)
    .sort((one, other) => Number(one.pool === undefined) - Number(other.pool === undefined));
  if (wanted !== undefined && rows.length === 0) {
    complain(`no container is called ${printable(wanted)}; lbwatch explain lists them\n`);
    return 1;
  }
  // Of two pools of one name, the one that has members is meant.
  const byMembers = [...desired.pools].sort((one, other) => one.members.length - other.members.length);
  const protocols: Protocols = new Map(byMembers.map(({ name, protocol }) => [name, protocol]));
  if (isJson) sayJson(rows.map(toJson(protocols)));
  else {
    const cells = rows.map(toCells(protocols));
    say(renderTable(['CONTAINER', 'POOL', 'ROLE', 'STATE', 'ADDRESS', 'REASON'], cells));
    const shown = new Set(rows.map(({ containerId }) => containerId));
    const ignored = desired.problems.filter(
      ({ effect, containerId }) => effect === 'ignored' && shown.has(containerId),
    );
    for (const { container, message } of ignored) say(`problem: ${printable(container)}: ${message}\n`);
  }
  for (const note of notes) complain(`note: ${printableLine(note)}\n`);
  if (found.missing !== undefined) complain(`note: ${printableLine(found.missing)}\n`);
  for (const target of found.targets) {
    if ((await target.askDigest()) === rendered.digest) continue;
    complain(`note: ${printable(target.name)} does not run this yet; lbwatch doctor says what is in the way\n`);
  }
  return 0;
}

/** What pools speak, by their names. */
type Protocols = ReadonlyMap<string, Protocol>;

function toJson(protocols: Protocols): (row: Membership) => Record<string, string | null> {
  return ({ container, pool, role, state, address, reason }) => {
    const protocol = protocols.get(pool ?? '') ?? 'http';
    const special = protocol === 'http' ? {} : { protocol };
    return { container, pool: pool ?? null, ...special, role: role ?? null, state, address: address ?? null, reason };
  };
}

function toCells(protocols: Protocols): (row: Membership) => readonly string[] {
  return ({ container, pool = '-', role, state, address, reason }) => {
    const protocol = protocols.get(pool) ?? 'http';
    const shown = protocol === 'http' ? pool : `${pool} (${protocol})`;
    return [printable(container), shown, role ?? '-', state, address ?? '-', reason];
  };
}
