import type { Container } from '../core/model.ts';
import { buildOfVersion, readNginxBuild, unknownBuild } from '../core/nginx-build.ts';
import type { NginxBuild } from '../core/nginx-build.ts';
import { isTcpTable } from '../core/tcp-table.ts';
import { AppError } from '../loop/ports.ts';
import type { Connections, Quit, Reloading, Target, Verdict, Worker } from '../loop/ports.ts';
import { askConnections } from './ask-connections.ts';
import { askDigest, askVersion } from './ask-digest.ts';
import { systemClock } from './clock.ts';
import type { DockerEngine } from './docker.ts';
import type { Execution } from './exec.ts';
import { gateFor } from './gate.ts';
import { KeptShell } from './kept-shell.ts';
import type { NginxAccess } from './nginx-access.ts';
import { NginxByApi } from './nginx-by-api.ts';
import { NginxByProcesses } from './nginx-by-processes.ts';
import { NginxByShell } from './nginx-by-shell.ts';
import { listConfigurationFiles, readVerdict } from './nginx-words.ts';
import { reload, test, WaitingNginx } from './waiting-nginx.ts';
import type { StartedAhead, Task } from './waiting-nginx.ts';

/** What is kept of one container between passes. */
export class ContainerMemory {
  readonly shell: KeptShell;
  /** For where there is no shell; undefined where nothing may be kept waiting. */
  readonly ahead: StartedAhead | undefined;
  /** What was learned of its nginx, which stays the same for the container's life. */
  build: NginxBuild | undefined;

  /** @param gates a folder that nginx sees under the same path, for the gates of what waits there; undefined where nothing may */
  constructor(engine: DockerEngine, containerId: string, gates: string | undefined) {
    this.shell = new KeptShell(
      () => engine.openShell(containerId),
      () => systemClock.nowMs(),
    );
    if (gates === undefined) return;
    const begin = (command: readonly string[]): Promise<Execution> => engine.begin(containerId, command);
    const keep = (task: Task): WaitingNginx => new WaitingNginx(begin, task, gateFor(gates, containerId, task.name));
    this.ahead = { test: keep(test), reload: keep(reload) };
  }

  /** Ends what is kept in the container. */
  async close(): Promise<void> {
    this.shell.close();
    await Promise.all([this.ahead?.test.close(), this.ahead?.reload.close()]);
  }
}

/**
 * nginx in a container of its own: by signals where its pid namespace is shared, else through a shell kept there, or,
 * where there is none, through the Docker API.
 */
export class NginxContainer implements Target {
  readonly id: string;
  readonly name: string;
  readonly answersAt: string;
  readonly #engine: DockerEngine;
  readonly #container: Container;
  readonly #host: string;
  readonly #port: number;
  readonly #memory: ContainerMemory;
  #chosen: Promise<NginxAccess> | undefined;

  /** @param host where its own server answers */
  constructor(engine: DockerEngine, container: Container, host: string, port: number, memory: ContainerMemory) {
    this.id = container.id;
    this.name = container.name;
    this.answersAt = `${host}:${String(port)}`;
    this.#engine = engine;
    this.#container = container;
    this.#host = host;
    this.#port = port;
    this.#memory = memory;
  }

  async readBuild(): Promise<NginxBuild> {
    this.#memory.build ??= await this.#askBuild();
    // Nothing is remembered of one that has told nothing.
    return this.#memory.build ?? unknownBuild;
  }

  askDigest(): Promise<string | undefined> {
    return askDigest(this.#host, this.#port);
  }

  askConnections(): Promise<Connections | undefined> {
    return askConnections(this.#host, this.#port);
  }

  async validate(): Promise<Verdict> {
    const result = await (await this.#access()).test();
    return result === undefined ? { accepted: undefined } : readVerdict(result.exitCode, result.output);
  }

  async includes(path: string): Promise<boolean | undefined> {
    const result = await (await this.#access()).runAsMaster('-T');
    return result === undefined ? undefined : listConfigurationFiles(result.output).includes(path);
  }

  async listWorkers(): Promise<readonly Worker[] | undefined> {
    try {
      return await (await this.#access()).listWorkers();
    } catch (error) {
      // Not every engine or socket proxy offers `top`; what answers is then watched for longer.
      if (error instanceof AppError) return undefined;
      throw error;
    }
  }

  async readTcpTables(): Promise<string | undefined> {
    try {
      const tables = await (await this.#access()).readTcpTables();
      return isTcpTable(tables) ? tables : undefined;
    } catch (error) {
      if (error instanceof AppError) return undefined;
      throw error;
    }
  }

  async signalReload(): Promise<void> {
    await (await this.#access()).signalReload();
  }

  async prepare(): Promise<void> {
    try {
      await (await this.#access()).prepare();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
  }

  async reloadAndHandOver(onSignalled: () => void): Promise<Reloading | undefined> {
    return (await this.#access()).reloadAndHandOver(onSignalled);
  }

  async canHandOver(): Promise<boolean> {
    return (await this.#access()).isQuick;
  }

  async quitWorkers(pids: readonly number[]): Promise<Quit> {
    return (await this.#access()).quitWorkers(pids);
  }

  async #askBuild(): Promise<NginxBuild | undefined> {
    const result = await (await this.#access()).runAsMaster('-V');
    if (result !== undefined) return readNginxBuild(result.output);
    const version = await askVersion(this.#host, this.#port);
    return version === undefined ? undefined : buildOfVersion(version);
  }

  /** The way of this pass. */
  #access(): Promise<NginxAccess> {
    this.#chosen ??= this.#choose();
    return this.#chosen;
  }

  async #choose(): Promise<NginxAccess> {
    // Who shares nginx's processes with lbwatch means to spare it what the other ways need of the Docker API.
    const byProcesses = await NginxByProcesses.find(this.id, this.name);
    if (byProcesses !== undefined) return byProcesses;
    const byShell = await NginxByShell.find(this.#memory.shell, this.name);
    return byShell ?? new NginxByApi(this.#engine, this.#container, this.#memory.ahead);
  }
}
