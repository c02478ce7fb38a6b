/** However the program that uses a lab ends, nothing of the lab stays. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';

import { eventually } from '../../support/eventually.ts';
import { whyNoLab } from './lab.ts';

const keeper = fileURLToPath(new URL('keeper.ts', import.meta.url));
/** A program that keeps a lab, and tells the process that it is told of. */
const user = `
const keeper = require('node:child_process').spawn(process.execPath, process.argv.slice(1), {
  stdio: ['pipe', 'inherit', 'inherit'], detached: true,
});
keeper.on('exit', () => process.exit(1));
`;

const why = await whyNoLab();
const needsLab = why === undefined || process.env['LAB_SWARM'] === 'required' ? test : test.skip;

needsLab.each(['SIGINT', 'SIGKILL'] as const)(
  'its program ends by %s: processes, groups and folder go',
  async (signal) => {
    const directory = await mkdtemp(join(tmpdir(), 'lbw-swarm-'));
    const program = spawn(process.execPath, ['-e', user, keeper, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(program.stdout, 'data')) as [unknown];
    const labPid = String(said).trim();
    const inside = spawn('nsenter', ['-t', labPid, '--net', '--pid', 'sleep', '600'], { stdio: 'ignore' });
    const insideEnded = once(inside, 'exit');
    const group = join(
      existsSync('/sys/fs/cgroup/pids') ? '/sys/fs/cgroup/pids' : '/sys/fs/cgroup',
      basename(directory),
    );
    await mkdir(join(group, 'node1'), { recursive: true });
    await writeFile(join(group, 'node1/cgroup.procs'), String(inside.pid));

    program.kill(signal);
    await insideEnded;
    await eventually(
      'that nothing is left',
      () => {
        expect([existsSync(directory), existsSync(group), existsSync(`/proc/${labPid}`)]).toEqual([
          false,
          false,
          false,
        ]);
      },
      { withinMs: 20_000 },
    );
  },
);
