import type { Container } from '../core/model.ts';
import { AppError } from '../loop/ports.ts';
import type { Quit, Worker } from '../loop/ports.ts';
import type { DockerEngine } from './docker.ts';
import type { Process } from './docker-map.ts';
import type { ExecResult } from './exec.ts';
import type { NginxAccess } from './nginx-access.ts';
import type { StartedAhead } from './waiting-nginx.ts';
import { isMaster, masterArguments, pickWorkers } from './nginx-words.ts';

/**
 * Through the Docker API alone, for containers without a shell: an exec for each command, `top`, and `kill` for the
 * reload. Pids are those of the host; workers cannot be signalled.
 */
export class NginxByApi implements NginxAccess {
  readonly isQuick = false;
  readonly #engine: DockerEngine;
  readonly #container: Container;
  readonly #ahead: StartedAhead | undefined;
  /** As they were before the reload; one listing serves the test, the signal and the acknowledgement. */
  #processes: Promise<readonly Process[]> | undefined;
  #hasSignalled = false;

  constructor(engine: DockerEngine, container: Container, ahead: StartedAhead | undefined) {
    this.#engine = engine;
    this.#container = container;
    this.#ahead = ahead;
  }

  async runAsMaster(...words: readonly string[]): Promise<ExecResult> {
    return this.#engine.exec(this.#container.id, ['nginx', ...(await this.#readOptions()), ...words]);
  }

  async test(): Promise<ExecResult> {
    const [result, options] = await Promise.all([this.#ahead?.test.run(), this.#readOptions()]);
    // Undefined where none waits, or one with the options of an nginx of before.
    return result?.options.join(' ') === options.join(' ') ? result : this.runAsMaster('-t');
  }

  async prepare(): Promise<void> {
    const options = await this.#readOptions();
    this.#ahead?.test.prepare(options);
    this.#ahead?.reload.prepare(options);
  }

  /** Workers cannot be signalled. */
  reloadAndHandOver(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async listWorkers(): Promise<readonly Worker[]> {
    return pickWorkers(await this.#listProcesses());
  }

  async signalReload(): Promise<void> {
    const processes = await this.#listProcesses();
    const master = processes.find(({ command }) => isMaster(command));
    if (master === undefined) {
      const { name } = this.#container;
      throw new AppError('nginx', `no nginx master process runs in container ${name}; nothing was signalled`);
    }
    if (!(await this.#reloadAhead(masterArguments(master.command)))) {
      // The first process listed is the container's own, the one that `kill` reaches.
      if (master === processes[0]) await this.#engine.signal(this.#container.id, 'SIGHUP');
      else await this.runAsMaster('-s', 'reload');
    }
    this.#hasSignalled = true;
    this.#processes = undefined;
  }

  quitWorkers(): Promise<Quit> {
    return Promise.resolve('refused');
  }

  async readTcpTables(): Promise<string> {
    // Where there is no IPv6, the other table is printed all the same.
    return (await this.#engine.exec(this.#container.id, ['cat', '/proc/net/tcp', '/proc/net/tcp6'])).output;
  }

  /** False where it has not, or nobody knows: told twice, a master reloads twice. */
  async #reloadAhead(options: readonly string[]): Promise<boolean> {
    try {
      const result = await this.#ahead?.reload.run();
      return result?.exitCode === 0 && result.options.join(' ') === options.join(' ');
    } catch (error) {
      if (error instanceof AppError) return false;
      throw error;
    }
  }

  async #readOptions(): Promise<readonly string[]> {
    const master = (await this.#listProcesses()).find(({ command }) => isMaster(command));
    return masterArguments(master?.command ?? '');
  }

  #listProcesses(): Promise<readonly Process[]> {
    if (this.#processes !== undefined) return this.#processes;
    const listing = this.#askProcesses();
    // After the signal they change from moment to moment.
    if (!this.#hasSignalled) this.#processes = listing;
    return listing;
  }

  async #askProcesses(): Promise<readonly Process[]> {
    const processes = await this.#engine.listProcesses(this.#container.id);
    return [...processes].sort((one, other) => one.pid - other.pid);
  }
}
