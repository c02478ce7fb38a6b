import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { decide, listProbes } from '../../src/core/desired.ts';
import type { Circumstances } from '../../src/core/desired.ts';
import { diff } from '../../src/core/diff.ts';
import type { Container, Desired } from '../../src/core/model.ts';
import { anyCircumstances, anyContainers } from '../support/arbitraries.ts';
import { container } from '../support/container.ts';
import { emptySite, includedStreams } from '../support/site.ts';
import { readNginxBuild } from '../../src/core/nginx-build.ts';

/** A moment of a history: which containers are others than before, and whether what surrounds them is. */
const anyMoment = fc.record({
  containers: anyContainers,
  isReplaced: fc.array(fc.boolean(), { maxLength: 8 }),
  around: fc.option(anyCircumstances, { nil: undefined }),
  nowMs: fc.integer({ min: 0, max: 2_000_000 }),
});

/** As an inventory keeps them: who was not looked at again is the same object. */
function follow(before: readonly Container[], { containers, isReplaced }: Pick<Moment, 'containers' | 'isReplaced'>) {
  const known = new Map(before.map((one) => [one.id, one]));
  return containers.map((one, index) => (isReplaced[index] === true ? one : (known.get(one.id) ?? one)));
}

type Moment = typeof anyMoment extends fc.Arbitrary<infer T> ? T : never;

/** The same containers as objects that nobody has seen before. */
function anew(containers: readonly Container[]): readonly Container[] {
  return containers.map((one) => ({ ...one }));
}

describe('whatever was decided before', () => {
  test('the next decision, its checks and its difference are as if nothing had been', () => {
    fc.assert(
      fc.property(fc.array(anyMoment, { minLength: 2, maxLength: 6 }), anyCircumstances, (history, first) => {
        let containers: readonly Container[] = [];
        let around: Circumstances = first;
        let before: Desired | undefined;
        let beforeAnew: Desired | undefined;
        for (const moment of history) {
          containers = follow(containers, moment);
          around = { ...(moment.around ?? around), nowMs: moment.nowMs };
          expect(listProbes(containers, around)).toEqual(listProbes(anew(containers), around));
          const desired = decide(containers, around);
          const desiredAnew = decide(anew(containers), around);
          expect(desired).toEqual(desiredAnew);
          expect(diff(before, desired)).toEqual(diff(beforeAnew, desiredAnew));
          [before, beforeAnew] = [desired, desiredAnew];
        }
      }),
      { numRuns: 300 },
    );
  });

  const around: Circumstances = {
    scope: { kind: 'all' },
    reach: 'any',
    site: emptySite,
    streams: includedStreams,
    declaredPools: [],
    build: readNginxBuild('nginx version: nginx/1.26.3'),
    failOpen: true,
    ownReach: 'any',
    checks: false,
    departures: new Map(),
    lives: new Map(),
    nowMs: 0,
    standings: new Map(),
  };
  const member = (name: string, pool: string): Container => container({ name, labels: { 'lb.pool': pool } });

  test('a pool in which nothing has changed is the same object, and so is each member that is as it was', () => {
    const [one, two, three] = [member('one', 'app'), member('two', 'app'), member('three', 'other')];
    const before = decide([one, two, three], around);
    const after = decide([one, { ...two, health: 'unhealthy' }, three], { ...around, nowMs: 1, failOpen: true });
    expect(after.pools[0]?.members).toHaveLength(1);
    expect(after.pools[0]?.members[0]).toBe(before.pools[0]?.members[0]);
    expect(after.pools[1]).toBe(before.pools[1]);
  });

  test('one that is drained for good is so at once, and in again afterwards', () => {
    const containers = [member('one', 'app'), member('two', 'app')];
    const drained = new Map([[containers[0]?.id ?? '', { kind: 'drained', sinceMs: 0 } as const]]);
    const count = (departures: Circumstances['departures']): number | undefined =>
      decide(containers, { ...around, departures }).pools[0]?.members.length;
    expect([count(new Map()), count(drained), count(new Map())]).toEqual([2, 1, 2]);
  });
});
