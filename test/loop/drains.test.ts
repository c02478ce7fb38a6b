import { expect, test } from '@jest/globals';

import type { ContainerState, Drain } from '../../src/core/model.ts';
import { Drains } from '../../src/loop/drains.ts';
import { MemoryDrains } from '../support/memory-drains.ts';
import { container } from '../support/container.ts';

const now = container({ name: 'app-1' });
const byHand: Drain = { kind: 'drained', sinceMs: 1000 };
const byItself: Drain = { kind: 'withdrawn', sinceMs: 1000 };

/** Whether a drain holds, over, or was not even looked into; and whether the engine was asked. */
async function look(
  drain: Drain,
  { state = 'running', startedAtMs = 500, stale = 'all', isThere = true }: Situation = {},
): Promise<string> {
  let asked = 0;
  const store = new MemoryDrains([[now.id, drain]]);
  const drains = new Drains(store, {
    readStartedAt: () => {
      asked += 1;
      return Promise.resolve(startedAtMs);
    },
  });
  const seen = await drains.look(isThere ? [{ ...now, state }] : [], stale === 'all' ? 'all' : new Set(stale));
  // To look touches nothing.
  expect(store.drains.size).toBe(1);
  await drains.forget(seen.ended);
  const isLeft = store.drains.has(now.id);
  expect(isLeft).toBe(seen.drains.has(now.id));
  return `${isLeft ? 'holds' : 'over'}${asked > 0 ? ', asked' : ''}`;
}

interface Situation {
  readonly state?: ContainerState;
  readonly startedAtMs?: number;
  readonly stale?: 'all' | readonly string[];
  readonly isThere?: boolean;
}

test.each<[string, Drain, Situation, string]>([
  ['by hand', byHand, {}, 'holds'],
  ['by hand, stopped', byHand, { state: 'exited' }, 'holds'],
  ['by hand, started again', byHand, { startedAtMs: 2000 }, 'holds'],
  ['by hand, gone', byHand, { isThere: false }, 'over'],
  ['by hand, not in a part of the list', byHand, { isThere: false, stale: ['other'] }, 'holds'],
  ['by itself', byItself, {}, 'holds, asked'],
  ['by itself, paused', byItself, { state: 'paused' }, 'holds, asked'],
  ['by itself, stopped', byItself, { state: 'exited' }, 'over'],
  ['by itself, between two lives', byItself, { state: 'restarting' }, 'over'],
  ['by itself, started again so soon that no pass saw it stopped', byItself, { startedAtMs: 2000 }, 'over, asked'],
  ['by itself, nothing happened to it', byItself, { stale: ['other'] }, 'holds'],
  ['by itself, something happened to it', byItself, { stale: [now.id], startedAtMs: 2000 }, 'over, asked'],
  ['by itself, gone', byItself, { isThere: false }, 'over'],
])('%s', async (_, drain, situation, expected) => {
  expect(await look(drain, situation)).toBe(expected);
});
