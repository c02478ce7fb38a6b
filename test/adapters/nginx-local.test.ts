import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { LocalCommand, NginxLocal } from '../../src/adapters/nginx-local.ts';
import { LocalTargets } from '../../src/adapters/targets.ts';
import { isTcpTable } from '../../src/core/tcp-table.ts';
import { AppError } from '../../src/loop/ports.ts';
import { eventually } from '../support/eventually.ts';
import { NginxProcess } from '../support/nginx-process.ts';
import '../support/native-errors.ts';

const soon = { withinMs: 10_000, everyMs: 20 };

let nginx: NginxProcess;
let command: LocalCommand;
beforeEach(async () => {
  nginx = new NginxProcess();
  command = new LocalCommand(nginx.command);
  await nginx.start();
});
afterEach(() => nginx.remove());

test('the master, what it can do, its workers, and whether it includes a file', async () => {
  expect(await command.findMaster()).toBe(nginx.pid);
  expect((await command.readBuild()).version).toMatch(/^1\.\d+\.\d+$/);
  const target = new NginxLocal(command, nginx.pid, '127.0.0.1', 1);
  expect(await target.listWorkers()).toEqual(nginx.workers().map((pid) => ({ pid, isQuitting: false })));
  expect([await target.includes(nginx.generatedPath), await target.includes('/none')]).toEqual([true, false]);
  expect(await target.validate()).toEqual({ accepted: true });
});

test('its connections are those of its network namespace; unknown when it is gone', async () => {
  const target = new NginxLocal(command, nginx.pid, '127.0.0.1', 1);
  const tables = (await target.readTcpTables()) ?? '';
  expect(isTcpTable(tables)).toBe(true);
  // Both families, where this machine has both.
  expect(tables.match(/local_address/g)).toHaveLength(existsSync('/proc/net/tcp6') ? 2 : 1);
  await nginx.stop();
  expect(await target.readTcpTables()).toBeUndefined();
});

test('a reload makes other workers', async () => {
  const before = nginx.workers();
  await new NginxLocal(command, nginx.pid, '127.0.0.1', 1).signalReload();
  await eventually(
    'all workers are others',
    () => {
      expect(nginx.workers()).toHaveLength(2);
      expect(nginx.workers().filter((pid) => before.includes(pid))).toEqual([]);
    },
    soon,
  );
});

test('it is found while its configuration is invalid', async () => {
  writeFileSync(nginx.sitePath, 'no_such_directive on;\n');
  expect(await command.findMaster()).toBe(nginx.pid);
  expect(await new NginxLocal(command, nginx.pid, '127.0.0.1', 1).validate()).toMatchObject({ accepted: false });
});

test('it may log to where its output goes', async () => {
  const text = readFileSync(nginx.configurationPath, 'utf8');
  writeFileSync(
    nginx.configurationPath,
    text.replace('access_log off;', 'access_log /dev/stdout;\nerror_log /dev/stderr;'),
  );
  expect(await new NginxLocal(command, nginx.pid, '127.0.0.1', 1).validate()).toEqual({ accepted: true });
});

test('a relative pid path is meant below the prefix', async () => {
  const text = readFileSync(nginx.configurationPath, 'utf8').replace(`pid ${nginx.directory}/`, 'pid ');
  writeFileSync(nginx.configurationPath, text);
  expect(await command.findMaster()).toBe(nginx.pid);
});

test('it does not run, or its pid is now of somebody else: said, and nobody is signalled', async () => {
  await nginx.stop();
  const pidPath = join(nginx.directory, 'nginx.pid');
  expect(await command.findMaster()).toBe(`no nginx runs here (no pid in ${pidPath})`);
  writeFileSync(pidPath, `${String(process.pid)}\n`);
  expect(await command.findMaster()).toBe(
    `no nginx runs here (process ${String(process.pid)} of ${pidPath} is no nginx master)`,
  );
  // A HUP would end this process.
  await expect(new NginxLocal(command, process.pid, '127.0.0.1', 1).signalReload()).rejects.toThrow(AppError);
  expect(await new LocalTargets(command, undefined, 1).find([])).toMatchObject({ targets: [], reach: 'any' });
});

test('after a restart it is another one', async () => {
  const targets = new LocalTargets(command, undefined, 1);
  const before = (await targets.find([])).targets[0]?.id;
  await nginx.stop();
  await nginx.start();
  expect(before).toMatch(/^local:\d+$/);
  expect((await targets.find([])).targets[0]?.id).toBe(`local:${String(nginx.pid)}`);
});

test('there is no such command: the setting to change is told', async () => {
  await expect(new LocalCommand('/none/nginx -c /a').findMaster()).rejects.toThrow(
    /^cannot run "\/none\/nginx": .*; set LBWATCH_NGINX_COMMAND$/,
  );
});
