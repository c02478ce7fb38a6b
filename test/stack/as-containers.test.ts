import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { readProject } from '../../src/adapters/read-stack.ts';
import { foresee } from '../../src/stack/as-containers.ts';

test('a project is foreseen once, however many rules ask; another project anew', async () => {
  const read = () =>
    readProject([], { folder: join(import.meta.dirname, 'check/pools'), environment: {}, asksDocker: false });
  const [{ project }, other] = [await read(), await read()];
  expect(foresee(project).length).toBeGreaterThan(0);
  expect(foresee(project)).toBe(foresee(project));
  expect(foresee(other.project)).not.toBe(foresee(project));
  expect(foresee(other.project)).toEqual(foresee(project));
});
