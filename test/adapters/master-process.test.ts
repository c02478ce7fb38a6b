import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { MasterProcess } from '../../src/adapters/master-process.ts';
import { NginxProcess } from '../support/nginx-process.ts';
import '../support/native-errors.ts';

const id = 'ab12'.repeat(16);
const master = 'nginx: master process nginx -g daemon off;';

let proc: string;
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'lbwatch-proc-'));
  mkdirSync(join(proc, 'sys'));
});
afterEach(() => {
  rmSync(proc, { recursive: true, force: true });
});

describe('the master of a container', () => {
  test.each([
    ['control groups v1', `9:name=systemd:/docker/${id}\n8:pids:/docker/${id}\n`],
    ['v2, seen from a sibling', `0::/../${id}\n`],
    ['v2 with systemd', `0::/../docker-${id}.scope\n`],
    ['Podman', `0::/../libpod-${id}.scope/container\n`],
  ])('is known by its control group: %s', async (_, group) => {
    add({ pid: 1, parent: 0, title: 'sh -c trap', group: '0::/\n' });
    add({ pid: 7, parent: 0, title: master, group });
    add({ pid: 8, parent: 7, title: 'nginx: worker process', group });
    expect((await MasterProcess.findOf(id, proc))?.pid).toBe(7);
  });

  test("is not another container's", async () => {
    add({ pid: 7, parent: 0, title: master, group: `0::/../${'cd34'.repeat(16)}\n` });
    expect(await MasterProcess.findOf(id, proc)).toBeUndefined();
  });

  test('is neither a worker that was just forked nor the new master of an upgrade', async () => {
    const group = `0::/../${id}\n`;
    // Pids are no order of age.
    add({ pid: 3, parent: 7, title: master, group });
    add({ pid: 7, parent: 0, title: master, group });
    expect((await MasterProcess.findOf(id, proc))?.pid).toBe(7);
  });

  test('is nobody where nginx only pretends: another title, or none', async () => {
    const group = `0::/../${id}\n`;
    add({ pid: 7, parent: 0, title: 'cat nginx: master process', group });
    add({ pid: 9, parent: 0, title: '', group });
    expect(await MasterProcess.findOf(id, proc)).toBeUndefined();
  });
});

test('one that has ended: no workers, no tables, and nobody is signalled', async () => {
  const nginx = new NginxProcess();
  try {
    await nginx.start();
    const running = new MasterProcess(nginx.pid);
    expect(await running.isAlive()).toBe(true);
    await nginx.stop();
    expect([await running.isAlive(), await running.listWorkers(), await running.readTcpTables()]).toEqual([
      false,
      undefined,
      undefined,
    ]);
    await expect(running.signalReload()).rejects.toThrow(/is no nginx master any more/);
  } finally {
    await nginx.remove();
  }
});

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly title: string;
  readonly group: string;
}

/** A process as /proc shows it; its name holds what ends the name in `stat`. */
function add({ pid, parent, title, group }: Entry): void {
  const directory = join(proc, String(pid));
  mkdirSync(directory);
  writeFileSync(join(directory, 'cmdline'), `${title}\0\0`);
  writeFileSync(join(directory, 'cgroup'), group);
  writeFileSync(join(directory, 'stat'), `${String(pid)} (a) S 99) S ${String(parent)} 1 1 0\n`);
}
