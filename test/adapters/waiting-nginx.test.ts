/** Tests and reloads that were started ahead, with the real nginx: here each is a process beside it instead of an exec. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import type { Execution } from '../../src/adapters/exec.ts';
import { clearGates, Gate, gateFor } from '../../src/adapters/gate.ts';
import { reload, test as testTask, WaitingNginx } from '../../src/adapters/waiting-nginx.ts';
import type { Task } from '../../src/adapters/waiting-nginx.ts';
import { eventually } from '../support/eventually.ts';
import { NginxProcess } from '../support/nginx-process.ts';
import '../support/native-errors.ts';

const soon = { withinMs: 5000, everyMs: 5 };

let nginx: NginxProcess;
let options: readonly string[];
let started: ChildProcess[];
let waiting: WaitingNginx;

beforeEach(async () => {
  nginx = new NginxProcess();
  options = nginx.command.split(' ').slice(1);
  started = [];
  await nginx.start();
});
afterEach(async () => {
  await waiting.close();
  await Promise.all(started.map(ended));
  await nginx.remove();
});

test('tests what is on disk when it is wanted, not when it was started', async () => {
  waiting = keep(testTask);
  waiting.prepare(options);
  await waits(1);
  writeFileSync(nginx.generatedPath, 'no_such_directive;\n');
  const refused = await waiting.run();
  expect(refused).toMatchObject({ exitCode: 1, options });
  expect(refused?.output).toContain('unknown directive "no_such_directive"');
  expect(started).toHaveLength(1);

  writeFileSync(nginx.generatedPath, 'upstream a { server 127.0.0.1:1; }\n');
  waiting.prepare(options);
  // The next one is waited for where it is not there yet.
  const accepted = await waiting.run();
  expect(accepted).toMatchObject({ exitCode: 0 });
  expect(accepted?.output).toMatch(/test is successful\n$/);
});

test('none was started: nothing is said', async () => {
  waiting = keep(testTask);
  expect(await waiting.run()).toBeUndefined();
});

test('after each use the next one is there soon', async () => {
  waiting = keep(testTask);
  waiting.prepare(options);
  await waiting.run();
  await waits(2);
});

test('reloads when it is wanted, and not before', async () => {
  waiting = keep(reload);
  const before = nginx.workers();
  waiting.prepare(options);
  await waits(1);
  expect(reloads()).toBe(0);
  expect(await waiting.run()).toMatchObject({ exitCode: 0 });
  await eventually(
    'new workers',
    () => {
      expect(nginx.workers()).toHaveLength(2);
      expect(nginx.workers().filter((pid) => before.includes(pid))).toEqual([]);
    },
    soon,
  );
  expect(reloads()).toBe(1);
});

test.each([
  ['given up', () => waiting.close()],
  ['left by an lbwatch that was killed', () => clearGates(nginx.sharedDirectory)],
])('%s: it ends, nothing is reloaded, and no file stays behind', async (_, end) => {
  waiting = keep(reload);
  waiting.prepare(options);
  await waits(1);
  await end();
  await Promise.all(started.map(ended));
  expect(started[0]?.exitCode).toBe(1);
  expect(reloads()).toBe(0);
  expect(readdirSync(nginx.sharedDirectory).filter((name) => name.startsWith('gate-'))).toEqual([]);
});

test('a folder that nginx does not see: said once, and not tried again', async () => {
  waiting = keep(testTask, '/nowhere');
  waiting.prepare(options);
  expect(await waiting.run()).toBeUndefined();
  waiting = new WaitingNginx(begin, testTask, new Elsewhere(join(nginx.sharedDirectory, 'gate-x')));
  waiting.prepare(options);
  expect(await waiting.run()).toBeUndefined();
  waiting.prepare(options);
  expect(await waiting.run()).toBeUndefined();
  expect(started).toHaveLength(1);
});

test('it ended with its container: the next one is started when it is wanted', async () => {
  waiting = keep(testTask);
  waiting.prepare(options);
  await waits(1);
  started[0]?.kill('SIGKILL');
  await Promise.all(started.map(ended));
  expect(await waiting.run()).toBeUndefined();
  waiting.prepare(options);
  expect(await waiting.run()).toMatchObject({ exitCode: 0 });
});

/** A pipe that nginx is told of under another path than its own. */
class Elsewhere extends Gate {
  override get directives(): string {
    return super.directives.replaceAll('/gate-x', '/gate-x-elsewhere');
  }
}

function keep(task: Task, directory = nginx.sharedDirectory): WaitingNginx {
  return new WaitingNginx(begin, task, gateFor(directory, 'abcdef012345', task.name));
}

function begin([, ...words]: readonly string[]): Promise<Execution> {
  const [binary = ''] = nginx.command.split(' ');
  const child = spawn('sh', ['-c', 'exec "$0" "$@" 2>&1', binary, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
  started.push(child);
  return Promise.resolve({
    output: child.stdout,
    readExitCode: async () => {
      await ended(child);
      return child.exitCode ?? -1;
    },
    close: () => undefined,
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** Waits until so many were started and the last one sleeps: nginx has nothing to wait for but the gate. */
async function waits(count: number): Promise<void> {
  await eventually(
    `${String(count)} started`,
    () => {
      expect(started).toHaveLength(count);
      expect(readFileSync(`/proc/${String(started.at(-1)?.pid)}/stat`, 'utf8')).toMatch(/^\d+ \(nginx\) S /);
    },
    soon,
  );
}

function reloads(): number {
  return nginx.errorLog().match(/: reconfiguring$/gm)?.length ?? 0;
}
