import { expect, test } from '@jest/globals';

import { faultKinds, makePlan } from './plan.ts';
import { countOperations } from './report.ts';

test('a plan is a function of its seed', () => {
  const wish = { operations: 300, faults: faultKinds };
  expect(makePlan({ ...wish, seed: 7 })).toEqual(makePlan({ ...wish, seed: 7 }));
  expect(makePlan({ ...wish, seed: 7 })).not.toEqual(makePlan({ ...wish, seed: 8 }));
});

test.each([1, 2, 3])(
  'seed %d: so many operations as asked for, each kind of operation and of fault among them',
  (seed) => {
    const plan = makePlan({ seed, operations: 500, faults: faultKinds });
    expect(countOperations(plan)).toBe(500);
    expect(new Set(plan.flatMap(({ fault }) => (fault === undefined ? [] : [fault.kind])))).toEqual(
      new Set(faultKinds),
    );
    expect([...new Set(plan.flatMap(({ operations }) => operations.map(({ kind }) => kind)))].sort()).toEqual(
      [
        ...['connect', 'disconnect', 'drain', 'edit', 'flip health', 'kill', 'pause', 'recreate', 'relabel', 'remove'],
        ...['rename', 'restart', 'scale', 'start', 'stop', 'undrain', 'unpause'],
      ].sort(),
    );
  },
);

test('nobody is drained while something goes wrong: whether it was done could not be told', () => {
  const plan = makePlan({ seed: 4, operations: 2000, faults: faultKinds });
  const withFault = plan.filter(({ fault }) => fault !== undefined).flatMap(({ operations }) => operations);
  expect(withFault.length).toBeGreaterThan(100);
  expect(withFault.filter(({ kind }) => kind === 'drain' || kind === 'undrain')).toEqual([]);
});

test('only the faults that were asked for come', () => {
  const kinds = new Set(
    makePlan({ seed: 5, operations: 200, faults: ['nginx killed', 'socket cut'] }).map(({ fault }) => fault?.kind),
  );
  expect(kinds).toEqual(new Set([undefined, 'nginx killed', 'socket cut']));
  expect(makePlan({ seed: 5, operations: 200, faults: [] }).every(({ fault }) => fault === undefined)).toBe(true);
});
