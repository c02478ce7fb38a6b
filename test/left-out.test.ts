import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from '@jest/globals';

import { buildPage } from './support/built-page.ts';
import { buildBundle } from './support/run-lab.ts';

const bundle = join(import.meta.dirname, '../dist/lbwatch.js');

describe('the bundle', () => {
  beforeAll(() => {
    expect(buildBundle()).toEqual({ code: 0, said: '' });
  });

  test('comes to nothing that was left out, and refuses what would need it', () => {
    const explain = (host: string): string =>
      spawnSync(process.execPath, [bundle, 'explain'], {
        encoding: 'utf8',
        env: { DOCKER_HOST: host, LBWATCH_SCOPE: 'all' },
      }).stderr;
    expect(explain('unix:///nonexistent')).toMatch(/^lbwatch: .*no Docker socket at unix:\/\/\/nonexistent/);
    expect(explain('ssh://somebody@engine')).toMatch(/^lbwatch: .*does not speak ssh: forward the socket/);
  });

  // Each MB of text is a MB of memory, before anything of it runs.
  test('is no larger than what is used of it, and the status page', async () => {
    const page = JSON.stringify(await buildPage());
    expect(statSync(bundle).size - page.length).toBeLessThan(1_400_000);
  });
});
