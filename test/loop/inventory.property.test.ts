import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Container } from '../../src/core/model.ts';
import { Inventory } from '../../src/loop/inventory.ts';
import type { Engine } from '../../src/loop/ports.ts';
import { container, idOf } from '../support/container.ts';

const anyName = fc.constantFrom('one', 'two', 'three', 'four');

/** What happens on the engine before the next look. */
const anyChange = fc.record({
  name: anyName,
  // Undefined: it is removed.
  variant: fc.option(
    fc.record({
      state: fc.constantFrom<Container['state']>('running', 'exited'),
      labels: fc.constantFrom({ 'lb.pool': 'app' }, { 'lb.pool': 'api' }),
    }),
    { nil: undefined },
  ),
});
/** Changes, and a look at everything or at those that changed; a look at more than that does no harm. */
const anyStep = fc.record({
  changes: fc.array(anyChange, { maxLength: 4 }),
  isResync: fc.boolean(),
  more: fc.array(anyName, { maxLength: 2 }),
});

const ages = new Map(['one', 'two', 'three', 'four'].map((name, index) => [name, index]));

test('any history of looks knows what one look at everything would, and keeps the objects of what has not changed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 8 }), async (steps) => {
      const running = new Map<string, Container>();
      const engine = engineOf(running);
      const inventory = new Inventory(engine);
      let before = await inventory.refresh('all');
      for (const { changes, isResync, more } of steps) {
        for (const { name, variant } of changes) {
          if (variant === undefined) running.delete(idOf(name));
          else running.set(idOf(name), container({ name, createdAt: ages.get(name) ?? 0, ...variant }));
        }
        const stale = new Set([...changes.map(({ name }) => name), ...more].map(idOf));
        const after = await inventory.refresh(isResync ? 'all' : stale);
        expect(byId(after)).toEqual(byId(await new Inventory(engine).refresh('all')));
        for (const one of after) {
          expect(inventory.find(one.id)).toBe(one);
          const known = before.find(({ id }) => id === one.id);
          if (known !== undefined && JSON.stringify(known) === JSON.stringify(one)) expect(one).toBe(known);
        }
        if (JSON.stringify(before) === JSON.stringify(after)) expect(after).toBe(before);
        before = after;
      }
    }),
  );
});

/** Its order tells nothing: who was looked at later stands later, until the next list. */
function byId(containers: readonly Container[]): readonly Container[] {
  return [...containers].sort((one, other) => (one.id < other.id ? -1 : 1));
}

/** Each look makes objects anew, as the engine's answers do. */
function engineOf(running: ReadonlyMap<string, Container>): Engine {
  return {
    listContainers: () => Promise.resolve(structuredClone([...running.values()])),
    inspectContainers: (ids) =>
      Promise.resolve(structuredClone([...running.values()].filter(({ id }) => ids.includes(id)))),
    listEvents: () => Promise.resolve([]),
    readStopSignal: () => Promise.resolve(undefined),
    readStartedAt: () => Promise.resolve(undefined),
  };
}
