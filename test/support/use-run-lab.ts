import { afterEach, beforeAll, beforeEach, expect } from '@jest/globals';

import { isListed } from './listed.ts';
import { RunLab, buildBundle } from './run-lab.ts';

/** Builds the bundle before the tests of a file, and gives each test a lab of its own, whose controllers may log what is on the list. */
export function useRunLab(take: (lab: RunLab) => void): void {
  let lab: RunLab;
  beforeAll(() => {
    expect(buildBundle()).toEqual({ code: 0, said: '' });
  }, 60_000);
  beforeEach(async () => {
    lab = await RunLab.start();
    take(lab);
  });
  afterEach(async () => {
    await lab.remove();
    expect(lab.records().filter((record) => !isListed(record))).toEqual([]);
  });
}
