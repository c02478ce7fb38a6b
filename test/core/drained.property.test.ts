import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { decide, listProbes } from '../../src/core/desired.ts';
import type { Departure } from '../../src/core/model.ts';
import { anyCircumstances } from '../support/arbitraries.ts';
import { container } from '../support/container.ts';

/** Nothing but its drain, or that it was told to stop, keeps it out. */
const member = container({ labels: { 'lb.pool': 'free', 'lb.port': '8000' } });
const anyCase = fc.tuple(
  anyCircumstances,
  fc.constantFrom<Departure['kind'] | 'none'>('signalled', 'drained', 'withdrawn', 'none'),
);
const within = ([around, kind]: typeof anyCase extends fc.Arbitrary<infer T> ? T : never) => ({
  ...around,
  reach: 'any' as const,
  ownReach: 'any' as const,
  checks: true,
  departures: new Map(kind === 'none' ? [] : [[member.id, { kind, sinceMs: around.nowMs }]]),
});

test('whoever was drained serves under no circumstances; whoever was told to stop may have to', () => {
  const served = new Set<string>();
  fc.assert(
    fc.property(anyCase, (one) => {
      const { pools } = decide([member], within(one));
      if (pools.some(({ members }) => members.length > 0)) served.add(one[1]);
    }),
    { numRuns: 500 },
  );
  expect([...served].sort()).toEqual(['none', 'signalled']);
});

test('nor is it asked by us, so that a connection to it is a request in work', () => {
  fc.assert(
    fc.property(anyCase, (one) => {
      expect(listProbes([member], within(one))).toHaveLength(one[1] === 'drained' || one[1] === 'withdrawn' ? 0 : 1);
    }),
  );
});
