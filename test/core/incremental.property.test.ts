import { isDeepStrictEqual } from 'node:util';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Reach } from '../../src/core/address.ts';
import { decide, listProbes } from '../../src/core/desired.ts';
import type { Circumstances } from '../../src/core/desired.ts';
import { diff } from '../../src/core/diff.ts';
import type { Scope } from '../../src/core/eligible.ts';
import type { Container, Departure, Desired } from '../../src/core/model.ts';
import { readNginxBuild } from '../../src/core/nginx-build.ts';
import { pending } from '../../src/core/probe.ts';
import type { Standing } from '../../src/core/probe.ts';
import { container, idOf } from '../support/container.ts';
import { emptySite, includedStreams } from '../support/site.ts';

/** Nothing stands in anybody's way. */
const around: Circumstances = {
  scope: { kind: 'all' },
  reach: 'any',
  site: emptySite,
  streams: includedStreams,
  declaredPools: [],
  build: readNginxBuild('nginx version: nginx/1.26.3'),
  failOpen: true,
  ownReach: 'any',
  checks: true,
  departures: new Map(),
  lives: new Map(),
  nowMs: 0,
  standings: new Map(),
};

const passing: Standing = { ...pending, state: 'passing', why: 'it answers' };
const names = ['one', 'two', 'three'];
const anyName = fc.constantFrom(...names);

/** A container that means well, and may be anything that makes a difference to itself or to others. */
const anyVariant: fc.Arbitrary<Partial<Container>> = fc.record({
  createdAt: fc.constantFrom(1, 2),
  state: fc.constantFrom('running', 'running', 'running', 'exited'),
  health: fc.constantFrom('none', 'none', 'healthy', 'starting', 'unhealthy'),
  labels: fc.record(
    {
      'lb.pool': fc.constantFrom('app', 'app', 'api', 'app, api', 'App'),
      'lb.backup': fc.constantFrom('true', 'third'),
      'lb.method': fc.constantFrom('ip_hash', 'least_conn', 'hash $uri consistent'),
      'lb.protocol': fc.constantFrom('tcp', 'http'),
      'lb.weight': fc.constantFrom('2', '65535'),
      'lb.drain': fc.constantFrom('10s', '1s'),
    },
    { requiredKeys: ['lb.pool'] },
  ),
});

const anyReach = fc.constantFrom<Reach>('any', ['shop_default'], ['elsewhere']);

/** What happens to one container, or around all of them, from one pass to the next; all else stays the same objects. */
const anyChange = fc.oneof(
  fc.record({ kind: fc.constant('container' as const), name: anyName, variant: fc.option(anyVariant) }),
  fc.record({
    kind: fc.constant('standing' as const),
    name: anyName,
    state: fc.constantFrom('pending', 'passing', 'failing', 'refused'),
    why: fc.constantFrom('it answers', 'it is slow'),
  }),
  fc.record({
    kind: fc.constant('departure' as const),
    name: anyName,
    departure: fc.option(
      fc.record({
        kind: fc.constantFrom('signalled', 'ended', 'drained', 'withdrawn'),
        sinceMs: fc.constantFrom(0, 5000),
      }),
    ),
  }),
  fc.record({ kind: fc.constant('life' as const), name: anyName, startedAtMs: fc.constantFrom(1, 2) }),
  fc.record({
    kind: fc.constant('around' as const),
    different: fc.record({ nowMs: fc.constantFrom(0, 4000, 7000, 20_000) }),
  }),
  fc.record({
    kind: fc.constant('around' as const),
    different: fc.oneof<fc.Arbitrary<Partial<Circumstances>>[]>(
      fc.record({ failOpen: fc.boolean() }),
      fc.record({ checks: fc.boolean() }),
      fc.record({ reach: anyReach }),
      fc.record({ ownReach: anyReach }),
      fc.record({ scope: fc.constantFrom<Scope>({ kind: 'all' }, { kind: 'projects', names: ['blog'] }) }),
      fc.record({ declaredPools: fc.subarray(['app', 'APP', 'declared']) }),
      fc.record({ httpRefusals: fc.constantFrom(new Map(), new Map([['app', 'its words']])) }),
      fc.record({
        site: fc.subarray(['app', 'api']).map((defined) => ({ ...emptySite, http: { ...emptySite.http, defined } })),
      }),
      fc.record({
        streams: fc.record({
          path: fc.constant('/streams.conf'),
          isIncluded: fc.boolean(),
          refusals: fc.constantFrom(new Map(), new Map([['api', 'its words']])),
        }),
      }),
      fc.record({ build: fc.constantFrom(around.build, readNginxBuild('nginx/1.30.6 --with-stream')) }),
    ),
  }),
);
type Change = typeof anyChange extends fc.Arbitrary<infer T> ? T : never;

/** All containers and what surrounds them, changed step by step as a controller would see it: what has not changed is the same object. */
class History {
  containers = new Map<string, Container>(names.map((name) => [name, member(name, 'app')]));
  list: readonly Container[] = [...this.containers.values()];
  around = around;
  readonly #standings = new Map<string, Standing>();
  readonly #departures = new Map<string, Departure>();
  readonly #lives = new Map<string, number>();

  apply(change: Change): void {
    switch (change.kind) {
      case 'container':
        if (change.variant === null) this.containers.delete(change.name);
        else this.containers.set(change.name, container({ ...change.variant, name: change.name }));
        this.list = [...this.containers.values()];
        break;
      case 'standing':
        this.#standings.set(change.name, { ...pending, state: change.state, why: change.why });
        break;
      case 'departure':
        if (change.departure === null) this.#departures.delete(idOf(change.name));
        else this.#departures.set(idOf(change.name), change.departure);
        this.around = { ...this.around, departures: new Map(this.#departures) };
        break;
      case 'life':
        this.#lives.set(idOf(change.name), change.startedAtMs);
        this.around = { ...this.around, lives: new Map(this.#lives) };
        break;
      case 'around':
        this.around = { ...this.around, ...change.different };
    }
    const standings = new Map<string, Standing>();
    for (const [name, one] of this.containers) {
      const standing = this.#standings.get(name) ?? passing;
      // A copy: what is known of all is known by the first of them.
      for (const { key } of listProbes([{ ...one }], this.around)) standings.set(key, standing);
    }
    if (!isDeepStrictEqual(standings, this.around.standings)) this.around = { ...this.around, standings };
  }
}

/** The same containers as objects that nobody has seen before. */
function anew(containers: readonly Container[]): readonly Container[] {
  return containers.map((one) => ({ ...one }));
}

function member(name: string, pool: string): Container {
  return container({ name, labels: { 'lb.pool': pool } });
}

describe('whatever was decided before', () => {
  test('the next decision, its checks and its difference are as if nothing had been', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { minLength: 1, maxLength: 20 }), (changes) => {
        const history = new History();
        let before: Desired | undefined;
        let beforeAnew: Desired | undefined;
        for (const change of changes) {
          history.apply(change);
          const containers = history.list;
          expect(listProbes(containers, history.around)).toEqual(listProbes(anew(containers), history.around));
          const desired = decide(containers, history.around);
          const desiredAnew = decide(anew(containers), history.around);
          expect(desired).toEqual(desiredAnew);
          expect(diff(before, desired)).toEqual(diff(beforeAnew, desiredAnew));
          expect(diff(undefined, desired)).toEqual(diff(undefined, desiredAnew));
          [before, beforeAnew] = [desired, desiredAnew];
        }
      }),
      { numRuns: 400 },
    );
  });

  test('a pool in which nothing has changed is the same object, and so is each member that is as it was', () => {
    const [one, two, three] = [member('one', 'app'), member('two', 'app'), member('three', 'other')];
    const unasked = { ...around, checks: false };
    const before = decide([one, two, three], unasked);
    const after = decide([one, { ...two, health: 'unhealthy' }, three], { ...unasked, nowMs: 1 });
    expect(after.pools[0]?.members).toHaveLength(1);
    expect(after.pools[0]?.members[0]).toBe(before.pools[0]?.members[0]);
    expect(after.pools[1]).toBe(before.pools[1]);
  });

  test('one that is drained for good is so at once, and in again afterwards', () => {
    const containers = [member('one', 'app'), member('two', 'app')];
    const drained = new Map([[containers[0]?.id ?? '', { kind: 'drained', sinceMs: 0 } as const]]);
    const count = (departures: Circumstances['departures']): number | undefined =>
      decide(containers, { ...around, checks: false, departures }).pools[0]?.members.length;
    expect([count(new Map()), count(drained), count(new Map())]).toEqual([2, 1, 2]);
  });
});
