import { compareText } from './compare-text.ts';
import type { Container } from './model.ts';

/** A list is asked about several times in each pass. */
const knownOrders = new WeakMap<readonly Container[], readonly Container[]>();

/** Oldest first; ids break ties, so that no two orders are possible. The same list where it is in order already. */
export function sortByAge(containers: readonly Container[]): readonly Container[] {
  const sorted = knownOrders.get(containers) ?? sortAnew(containers);
  knownOrders.set(containers, sorted);
  return sorted;
}

function sortAnew(containers: readonly Container[]): readonly Container[] {
  const isInOrder = containers.every((container, index) => {
    const before = containers[index - 1];
    return before === undefined || compareAge(before, container) <= 0;
  });
  return isInOrder ? containers : [...containers].sort(compareAge);
}

function compareAge(one: Container, other: Container): number {
  return one.createdAt - other.createdAt || compareText(one.id, other.id);
}
