import { AppError } from '../loop/ports.ts';
import type { Quit, Worker } from '../loop/ports.ts';
import { MasterProcess } from './master-process.ts';
import type { NginxAccess } from './nginx-access.ts';
import { readOwnContainerId } from './self.ts';

/**
 * By signals of its own, where lbwatch's container shares nginx's pid namespace (Compose: `pid: "service:…"`). Asks
 * nothing of the Docker API, so that a socket is enough which allows only GET. nginx's program and files are in another
 * container: nothing can be run there.
 */
export class NginxByProcesses implements NginxAccess {
  readonly isQuick = true;
  readonly #master: MasterProcess;
  readonly #name: string;

  private constructor(master: MasterProcess, name: string) {
    this.#master = master;
    this.#name = name;
  }

  /**
   * Undefined where the container's master is not among the processes of this one. Outside of a container all processes of
   * the machine are, which says nothing about what a person meant to share.
   */
  static async find(containerId: string, name: string): Promise<NginxByProcesses | undefined> {
    if ((await readOwnContainerId()) === undefined) return undefined;
    const master = await MasterProcess.findOf(containerId);
    return master === undefined ? undefined : new NginxByProcesses(master, name);
  }

  runAsMaster(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  test(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** It was found: that is all. */
  prepare(): Promise<void> {
    return Promise.resolve();
  }

  /** Its processes are seen without any detour. */
  reloadAndHandOver(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async listWorkers(): Promise<readonly Worker[]> {
    const workers = await this.#master.listWorkers();
    if (workers !== undefined) return workers;
    throw new AppError('nginx', `the nginx master process in container ${this.#name} has ended`);
  }

  signalReload(): Promise<void> {
    return this.#master.signalReload();
  }

  quitWorkers(pids: readonly number[]): Promise<Quit> {
    return this.#master.quitWorkers(pids);
  }

  async readTcpTables(): Promise<string> {
    return (await this.#master.readTcpTables()) ?? '';
  }
}
