import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import {
  chooseMaster,
  handOverScript,
  isSignalled,
  listChildrenScript,
  listMastersScript,
  quitScript,
  readChildren,
  readHandOver,
  reloadScript,
} from '../../src/adapters/process-scripts.ts';
import { shells } from '../support/shells.ts';

/** A process as /proc shows it. */
interface Shown {
  readonly pid: number;
  readonly parent: number;
  readonly title: string;
  readonly group?: string;
}

const master = { pid: 1, parent: 0, title: 'nginx: master process nginx -c /srv/n.conf -g daemon off;' };
const workers: readonly Shown[] = [
  { pid: 21, parent: 1, title: 'nginx: worker process' },
  { pid: 22, parent: 1, title: 'nginx: worker process is shutting down' },
  // Reaped by nobody yet.
  { pid: 23, parent: 1, title: '' },
  { pid: 24, parent: 1, title: 'nginx: cache manager process' },
];

let proc: string;
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'lbwatch-proc-'));
  mkdirSync(join(proc, 'self'));
  writeFileSync(join(proc, 'self', 'cgroup'), '0::/ours\n');
});
afterEach(() => {
  rmSync(proc, { recursive: true });
});

describe.each(shells.map((words) => ({ words, name: words.join(' ') })))('$name', ({ words }) => {
  const run = (script: string): { readonly code: number | null; readonly output: string } => {
    const [file = '', ...options] = words;
    // As in the kept shell, where `kill` is built in; here it only says whom it would signal.
    const input = `kill() { echo "kill $*"; }\n${script}\n`;
    const { status, stdout } = spawnSync(file, options, { input, encoding: 'utf8' });
    return { code: status, output: stdout };
  };

  test('the master that is the first process is found without looking further', () => {
    show(master, ...workers, { pid: 30, parent: 0, title: 'nginx: master process nginx' });
    const { output } = run(listMastersScript(proc));
    expect(output).toBe(`1 0 ${master.title}\n`);
    expect(chooseMaster(output)).toEqual({ pid: 1, command: master.title });
  });

  test('one below an init, not its child that has no title yet, nor another container’s', () => {
    show(
      { pid: 1, parent: 0, title: '/sbin/docker-init -- nginx' },
      { pid: 5, parent: 1, title: 'nginx: master process nginx', group: '0::/theirs' },
      { pid: 9, parent: 1, title: 'nginx: master process nginx' },
      { pid: 7, parent: 9, title: 'nginx: master process nginx' },
    );
    expect(chooseMaster(run(listMastersScript(proc)).output)?.pid).toBe(9);
  });

  test('no master at all', () => {
    show({ pid: 1, parent: 0, title: 'sleep infinity' });
    expect(chooseMaster(run(listMastersScript(proc)).output)).toBeUndefined();
  });

  test.each([true, false])('its children, each once (the kernel lists them: %p)', (isListed) => {
    show(master, ...workers, { pid: 40, parent: 30, title: 'nginx: worker process' });
    if (isListed) {
      mkdirSync(join(proc, '1/task/1'), { recursive: true });
      // The last one has gone meanwhile.
      writeFileSync(join(proc, '1/task/1/children'), '21 22 23 24 25 ');
    }
    const { code, output } = run(listChildrenScript(1, proc));
    expect(code).toBe(0);
    expect(readChildren(output)).toEqual([
      ...workers.map(({ pid, title }) => ({ pid, command: title })),
      ...(isListed ? [{ pid: 25, command: '' }] : []),
    ]);
  });

  test('what is no master any more has no children and is not signalled', () => {
    show({ ...master, title: 'sleep 1' });
    expect(run(listChildrenScript(1, proc))).toEqual({ code: 1, output: '' });
    expect(run(reloadScript(1, proc))).toEqual({ code: 1, output: '' });
    expect(run(listChildrenScript(99, proc)).code).toBe(1);
  });

  test('a master is told to reload', () => {
    show(master);
    expect(run(reloadScript(1, proc))).toEqual({ code: 0, output: 'kill -s HUP 1\n' });
  });

  test('only accepting workers of this master are told to quit', () => {
    show(master, ...workers, { pid: 41, parent: 30, title: 'nginx: worker process' });
    // 22 quits already, 23 is dead, 24 is no worker, 41 is another master's, 99 is gone.
    const { code, output } = run(quitScript(1, [21, 22, 23, 24, 41, 99], proc));
    expect({ code, output }).toEqual({ code: 0, output: 'kill -s QUIT 21\n' });
  });

  test('a worker that may not be signalled is noticed, one that is gone is not', () => {
    show(master, ...workers);
    const failing = 'kill() { return 1; }\n';
    expect(run(failing + quitScript(1, [21], proc)).code).toBe(1);
    const vanishing = `kill() { rm -r ${proc}/21; return 1; }\n`;
    expect(run(vanishing + quitScript(1, [21], proc)).code).toBe(0);
  });

  describe('a reload and the hand-over in one go', () => {
    // Whoever is signalled does what a real one would: the master starts workers, and `sleep` is where time passes.
    const reloading = (onHup: string, onSleep = ':'): { readonly code: number | null; readonly output: string } =>
      run(`spawn() {
  mkdir ${proc}/$1
  printf '%s' "nginx: worker process" >${proc}/$1/cmdline
  echo "$1 (ng) S 1 1 1 0" >${proc}/$1/stat
  printf '%s ' $1 >>${proc}/1/task/1/children
}
turn=0
tick() { turn=$((turn + 1)); echo "$turn.00 1.00" >${proc}/uptime; }
kill() { echo "kill $*"; case $2 in HUP) ${onHup} ;; esac; }
sleep() { tick; ${onSleep}; }
${handOverScript(1, proc)}`);

    beforeEach(() => {
      show(master, ...workers);
      mkdirSync(join(proc, '1/task/1'), { recursive: true });
      writeFileSync(join(proc, '1/task/1/children'), '21 22 23 24 ');
      writeFileSync(join(proc, 'uptime'), '100.00 1.00\n');
    });

    test('old workers are told when as many new ones accept, and nobody else is', () => {
      const { code, output } = reloading(':', 'spawn 31');
      expect([code, isSignalled(output)]).toEqual([0, true]);
      expect(output.match(/^kill.*/gm)).toEqual(['kill -s HUP 1', 'kill -s QUIT 21']);
      const { processes, handover } = readHandOver(output);
      expect(handover).toEqual({ kind: 'early', newWorkers: 1 });
      expect(processes.map(({ pid }) => pid)).toEqual([21, 22, 23, 24]);
    });

    test('no new worker, a refused configuration: nobody is told, and after a while it is left alone', () => {
      const { code, output } = reloading(':');
      expect([code, output.match(/^kill.*/gm)]).toEqual([0, ['kill -s HUP 1']]);
      expect(readHandOver(output).handover).toEqual({ kind: 'left' });
    });

    test('a master that was faster is left alone', () => {
      const shutting = `printf '%s' "nginx: worker process is shutting down" >${proc}/21/cmdline`;
      const { output } = reloading(shutting);
      expect(output.match(/^kill.*/gm)).toEqual(['kill -s HUP 1']);
      expect(readHandOver(output).handover).toEqual({ kind: 'left' });
    });

    test('workers that may not be signalled are noticed', () => {
      const { code, output } = reloading('spawn 31 ;; QUIT) return 1');
      expect(code).toBe(0);
      expect(readHandOver(output).handover).toEqual({ kind: 'refused' });
    });

    test('a master that may not be signalled: nothing else is done, and why is told', () => {
      const { code, output } = reloading('echo "not permitted"; return 1');
      expect([code, isSignalled(output)]).toEqual([1, false]);
      expect(readHandOver(output).rest).toMatch(/not permitted/);
    });

    test('what is no master any more is not signalled', () => {
      writeFileSync(join(proc, '1/cmdline'), 'sleep 1');
      expect(reloading(':')).toEqual({ code: 1, output: '' });
    });
  });
});

function show(...processes: readonly Shown[]): void {
  for (const { pid, parent, title, group = '0::/ours' } of processes) {
    const directory = join(proc, String(pid));
    mkdirSync(directory);
    // As nginx leaves it: the title, filled up.
    writeFileSync(join(directory, 'cmdline'), `${title}${'\0'.repeat(12)}`);
    writeFileSync(join(directory, 'stat'), `${String(pid)} (ng) x (1) S ${String(parent)} 1 1 0\n`);
    writeFileSync(join(directory, 'cgroup'), `${group}\n`);
  }
}
