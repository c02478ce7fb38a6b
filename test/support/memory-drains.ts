import type { Drain } from '../../src/core/model.ts';
import type { DrainStore, StoredDrains } from '../../src/loop/ports.ts';

/** Drains that nobody writes to a disk. */
export class MemoryDrains implements DrainStore {
  readonly drains: Map<string, Drain>;

  constructor(drains: readonly (readonly [string, Drain])[] = []) {
    this.drains = new Map(drains);
  }

  read(): Promise<StoredDrains> {
    return Promise.resolve({ drains: new Map(this.drains), notes: [] });
  }

  write(containerId: string, drain: Drain): Promise<void> {
    this.drains.set(containerId, drain);
    return Promise.resolve();
  }

  remove(containerId: string): Promise<void> {
    this.drains.delete(containerId);
    return Promise.resolve();
  }
}
