import type { Move, PoolChange } from '../core/diff.ts';
import { printable } from '../core/printable.ts';
import { describeWho } from './who.ts';

/** So many members are named in one line; a pool may have thousands. */
const mostNamed = 20;

/** Who came to a pool and who went, and how many are there now, as a sentence. */
export function describeChange(change: PoolChange): string {
  const moves = [
    ...change.joined.map((move) => `+ ${describeMove(move)}`),
    ...change.left.map((move) => `- ${describeMove(move)}`),
  ];
  return `${change.pool} ${listFew(moves) || '(no member)'}; now ${describeCounts(change)}`;
}

/** Who is in a pool, as a sentence; of the first pass, which finds them all at once. */
export function describeFound(change: PoolChange): string {
  const members = listFew(change.joined.map(({ container }) => printable(container))) || 'nobody';
  return `${change.pool} has ${describeCounts(change)}: ${members}`;
}

function listFew(texts: readonly string[]): string {
  const others = texts.length - mostNamed;
  return [...texts.slice(0, mostNamed), ...(others > 0 ? [`and ${String(others)} more`] : [])].join(', ');
}

/** A change with as many moves as are named; how many there were is told where some are left out. */
export function shorten(change: PoolChange): PoolChange & { readonly allJoined?: number; readonly allLeft?: number } {
  const { joined, left } = change;
  if (joined.length <= mostNamed && left.length <= mostNamed) return change;
  return {
    ...change,
    joined: joined.slice(0, mostNamed),
    left: left.slice(0, mostNamed),
    allJoined: joined.length,
    allLeft: left.length,
  };
}

function describeMove({ container, node, role, address, reason }: Move): string {
  return `${describeWho(container, node)} ${address}${role === 'backup' ? ' backup' : ''} (${reason})`;
}

function describeCounts({ primaries, backups }: PoolChange): string {
  const plural = (count: number, word: string, words: string): string =>
    `${String(count)} ${count === 1 ? word : words}`;
  return `${plural(primaries, 'primary', 'primaries')} and ${plural(backups, 'backup', 'backups')}`;
}
