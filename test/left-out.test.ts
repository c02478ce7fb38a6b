import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from '@jest/globals';

import { buildBundle } from './support/run-lab.ts';

const bundle = join(import.meta.dirname, '../dist/lbwatch.js');

describe('the bundle', () => {
  beforeAll(() => {
    expect(buildBundle()).toEqual({ code: 0, said: '' });
  });

  test('says of an engine behind SSH that it cannot be reached so, and what to do', () => {
    const { status, stderr } = spawnSync(process.execPath, [bundle, 'explain'], {
      encoding: 'utf8',
      env: { DOCKER_HOST: 'ssh://somebody@engine', LBWATCH_SCOPE: 'all' },
    });
    expect(stderr).toMatch(/^lbwatch: cannot list containers: DOCKER_HOST is an ssh:\/\/ address.*forward the socket/);
    expect(status).toBe(1);
  });

  // Each MB of text is a MB of memory, before anything of it runs.
  test('is no larger than what is used of it', () => {
    expect(statSync(bundle).size).toBeLessThan(1_200_000);
  });
});
