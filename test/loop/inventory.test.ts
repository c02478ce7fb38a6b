import { beforeEach, describe, expect, test } from '@jest/globals';

import type { Container } from '../../src/core/model.ts';
import { Inventory } from '../../src/loop/inventory.ts';
import { AppError } from '../../src/loop/ports.ts';
import { container, idOf } from '../support/container.ts';

/** As the engine has them; each look at it makes objects anew, as its answers do. */
let running: readonly Container[];
let inventory: Inventory;
const copies = (some: readonly Container[]) => Promise.resolve(structuredClone(some));

beforeEach(() => {
  const [young, old] = [container({ name: 'young', createdAt: 2 }), container({ name: 'old', createdAt: 1 })];
  running = [young, old];
  inventory = new Inventory({
    listContainers: () => copies(running),
    inspectContainers: (ids) => copies(running.filter(({ id }) => ids.includes(id))),
    listEvents: () => Promise.resolve([]),
    readStopSignal: () => Promise.resolve(undefined),
    readStartedAt: () => Promise.resolve(undefined),
  });
});

test('what is listed, or looked at, and is as it was stays the same objects, and all of them the same list', async () => {
  const first = await inventory.refresh('all');
  expect(first.map(({ name }) => name)).toEqual(['old', 'young']);
  expect(await inventory.refresh('all')).toBe(first);
  expect(await inventory.refresh(new Set([idOf('old')]))).toBe(first);
  expect(await inventory.refresh(new Set())).toBe(first);
});

test.each(['all', new Set([idOf('old')])] as const)(
  'one that has changed is another object, and no other is',
  async (stale) => {
    const first = await inventory.refresh('all');
    running = running.map((one) =>
      one.name === 'old' ? { ...one, labels: { ...one.labels, 'lb.pool': 'app' } } : one,
    );
    const second = await inventory.refresh(stale);
    expect(second[0]?.labels).toMatchObject({ 'lb.pool': 'app' });
    expect(second[1]).toBe(first[1]);
  },
);

test.each(['all', new Set([idOf('old'), idOf('new')])] as const)(
  'one that is gone is left out, a new one is in',
  async (stale) => {
    const first = await inventory.refresh('all');
    running = [container({ name: 'new', createdAt: 3 }), ...running.filter(({ name }) => name !== 'old')];
    const second = await inventory.refresh(stale);
    expect(second.map(({ name }) => name)).toEqual(['young', 'new']);
    expect(second[0]).toBe(first[1]);
    expect(first).toHaveLength(2);
  },
);

describe('an engine that does not answer', () => {
  const away = new AppError('engine', 'nobody answers');
  let asked: string[];
  let isAway: boolean;

  beforeEach(() => {
    asked = [];
    isAway = false;
    const answer = (what: string): Promise<readonly Container[]> => {
      asked.push(what);
      return isAway ? Promise.reject(away) : copies(running);
    };
    inventory = new Inventory({
      listContainers: () => answer('all'),
      inspectContainers: (ids) => answer(ids.join()),
      listEvents: () => Promise.resolve([]),
      readStopSignal: () => Promise.resolve(undefined),
      readStartedAt: () => Promise.resolve(undefined),
    });
  });

  test('is not asked by who asks for nothing new; what was seen last is known', async () => {
    expect(inventory.known).toBeUndefined();
    const seen = await inventory.refresh('all');
    isAway = true;
    await expect(inventory.refresh('all')).rejects.toThrow('nobody answers');
    await expect(inventory.refresh(new Set())).rejects.toThrow('nobody answers');
    expect(asked).toEqual(['all', 'all']);
    expect(inventory.known).toBe(seen);
  });

  test('is asked for everybody once it is back: nobody knows who was missed', async () => {
    await inventory.refresh('all');
    isAway = true;
    await expect(inventory.refresh(new Set(['a']))).rejects.toThrow('nobody answers');
    isAway = false;
    await inventory.refresh(new Set(['b']));
    await inventory.refresh(new Set(['c']));
    expect(asked).toEqual(['all', 'a', 'all', 'c']);
  });
});
