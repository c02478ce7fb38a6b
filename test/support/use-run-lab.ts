import { afterEach, beforeAll, beforeEach, expect } from '@jest/globals';

import { RunLab, buildBundle } from './run-lab.ts';

/** Builds the bundle before the tests of a file, and gives each test a lab of its own. */
export function useRunLab(take: (lab: RunLab) => void): void {
  let lab: RunLab;
  beforeAll(() => {
    expect(buildBundle()).toEqual({ code: 0, said: '' });
  }, 60_000);
  beforeEach(async () => {
    lab = await RunLab.start();
    take(lab);
  });
  afterEach(() => lab.remove());
}
