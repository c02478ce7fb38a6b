import { readFile, readdir } from 'node:fs/promises';

import { codeOf } from '../core/error-words.ts';
import { AppError } from '../loop/ports.ts';
import type { Quit, Worker } from '../loop/ports.ts';
import type { Process } from './docker-map.ts';
import { isMaster, pickWorkers } from './nginx-words.ts';
import { pickMaster } from './process-scripts.ts';

/**
 * An nginx master among the processes that this one sees: of this machine, of this container, or of a pid namespace
 * shared with nginx's container. Needs Linux's /proc.
 */
export class MasterProcess {
  readonly pid: number;

  constructor(pid: number) {
    this.pid = pid;
  }

  /**
   * The master of one container; undefined where it is not to be seen from here. Whose a process is tells its control
   * group, whose path holds the container's id with every engine (cgroups(7), cgroup_namespaces(7)).
   *
   * @param proc where /proc is mounted
   */
  static async findOf(containerId: string, proc = '/proc'): Promise<MasterProcess | undefined> {
    const pids = (await readdir(proc)).filter((name) => /^[0-9]+$/.test(name));
    const found = await Promise.all(
      pids.map(async (pid) => {
        const command = (await readTitle(pid, proc)) ?? '';
        if (!isMaster(command)) return [];
        const group = (await readIfThere(`${proc}/${pid}/cgroup`)) ?? '';
        if (!group.includes(containerId)) return [];
        return [{ pid: Number(pid), parent: await readParent(pid, proc), command }];
      }),
    );
    const master = pickMaster(found.flat());
    return master === undefined ? undefined : new MasterProcess(master.pid);
  }

  /** A pid may have been given to somebody else since. */
  async isAlive(): Promise<boolean> {
    return isMaster((await readTitle(this.pid)) ?? '');
  }

  /** Undefined where it has ended, or the kernel does not tell. */
  async listWorkers(): Promise<readonly Worker[] | undefined> {
    const path = `/proc/${String(this.pid)}/task/${String(this.pid)}/children`;
    // Twice: a child that is reaped while the list is made may hide the one after it (proc(5)).
    const lists = [await readIfThere(path), await readIfThere(path)];
    if (lists.includes(undefined)) return undefined;
    const pids = new Set(lists.join(' ').split(' ').filter(Boolean).map(Number));
    const processes = await Promise.all(
      [...pids].map(async (pid): Promise<Process> => ({ pid, command: (await readTitle(pid)) ?? '' })),
    );
    return pickWorkers(processes);
  }

  async quitWorkers(pids: readonly number[]): Promise<Quit> {
    // Looked at again: a pid may have been given to somebody else.
    const workers = (await this.listWorkers()) ?? [];
    const accepting = workers.filter(({ pid, isQuitting }) => !isQuitting && pids.includes(pid));
    const sent = accepting.map(({ pid }) => sendQuit(pid));
    return sent.includes('refused') ? 'refused' : 'sent';
  }

  /** Of its network namespace; undefined when it has ended. */
  async readTcpTables(): Promise<string | undefined> {
    const of = (name: string): string => `/proc/${String(this.pid)}/net/${name}`;
    const [tables, tables6 = ''] = await Promise.all([readIfThere(of('tcp')), readIfThere(of('tcp6'))]);
    return tables === undefined ? undefined : `${tables}\n${tables6}`;
  }

  /** Throws an AppError where it has ended, or this process may not signal it. */
  async signalReload(): Promise<void> {
    if (!(await this.isAlive())) throw new AppError('nginx', `process ${String(this.pid)} is no nginx master any more`);
    try {
      process.kill(this.pid, 'SIGHUP');
    } catch (error) {
      throw new AppError(
        'nginx',
        `cannot signal nginx (process ${String(this.pid)}): run lbwatch as the user who started it, or with the capability KILL`,
        { cause: error },
      );
    }
  }
}

function sendQuit(pid: number): Quit {
  try {
    process.kill(pid, 'SIGQUIT');
    return 'sent';
  } catch (error) {
    // Gone meanwhile is as good as told.
    return codeOf(error) === 'EPERM' ? 'refused' : 'sent';
  }
}

async function readTitle(pid: number | string, proc = '/proc'): Promise<string | undefined> {
  return (await readIfThere(`${proc}/${String(pid)}/cmdline`))?.replaceAll('\0', ' ').trim();
}

/** The fourth field; the second, in brackets, may hold anything (proc(5)). */
async function readParent(pid: string, proc: string): Promise<number> {
  const status = (await readIfThere(`${proc}/${pid}/stat`)) ?? '';
  return Number(status.slice(status.lastIndexOf(')') + 1).split(' ')[2] ?? 0);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // Gone: that is the answer.
    return undefined;
  }
}
