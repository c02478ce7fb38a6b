import { spawnSync } from 'node:child_process';

import { expect, test } from '@jest/globals';

const program = new URL('../../src/adapters/write-atomic.ts', import.meta.url).href;

test('what to do names the user that the process is by now, not the root that it was', () => {
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? 10_001 : process.getuid?.();
  const script = `
    import { describeFileError } from '${program}';
    if (${String(isRoot)}) process.setuid(${String(user)});
    process.stdout.write(describeFileError(Object.assign(new Error('no'), { code: 'EACCES' })));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(stdout).toBe(`no; make its folder writable for user ${String(user)}`);
});
