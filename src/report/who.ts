import { printable } from '../core/printable.ts';

/** A container by its name, and the machine it runs on where lbwatch looks at several: one name may be on each of them. */
export function describeWho(container: string, node: string | null | undefined): string {
  return `${printable(container)}${node == null ? '' : ` on ${printable(node)}`}`;
}
