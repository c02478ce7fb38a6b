import type { Container } from '../core/model.ts';
import { Inventory } from './inventory.ts';
import type { Stale } from './inventory.ts';

/**
 * The tasks of a Swarm as last seen. No event names a task, and one call tells of all: whatever is stale, all are looked at.
 */
export class TaskInventory extends Inventory {
  override refresh(stale: Stale): Promise<readonly Container[]> {
    return super.refresh(stale !== 'all' && stale.size === 0 ? stale : 'all');
  }
}
