import { withoutCommonEnds } from '../core/common-ends.ts';
import type { Membership } from '../core/model.ts';

/**
 * Since when each membership is in its condition. A look costs little where little has changed: what is as it was is the
 * same object as before.
 */
export class ConditionAges {
  #rows: readonly Membership[] = [];
  readonly #sinceMs = new WeakMap<Membership, number>();

  /** Takes note of how all memberships are at this moment, Unix milliseconds. */
  note(rows: readonly Membership[], nowMs: number): void {
    const [before, after] = withoutCommonEnds(this.#rows, rows);
    this.#rows = rows;
    const gone = new Set(before);
    for (const row of after) gone.delete(row);
    const goneByKey = new Map([...gone].map((row) => [keyOf(row), row]));
    for (const row of after) {
      if (this.#sinceMs.has(row)) continue;
      const same = goneByKey.get(keyOf(row));
      const sinceMs = same?.condition === row.condition ? this.#sinceMs.get(same) : undefined;
      this.#sinceMs.set(row, sinceMs ?? nowMs);
    }
    // One that comes back is new.
    for (const row of gone) this.#sinceMs.delete(row);
  }

  /** Unix milliseconds; undefined for one that the last look did not see. */
  sinceMs(row: Membership): number | undefined {
    return this.#sinceMs.get(row);
  }
}

function keyOf({ containerId, pool, role }: Membership): string {
  return `${containerId} ${pool ?? ''} ${role ?? ''}`;
}
