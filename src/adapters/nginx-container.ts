import type { Container } from '../core/model.ts';
import { readNginxBuild } from '../core/nginx-build.ts';
import type { NginxBuild } from '../core/nginx-build.ts';
import { AppError } from '../loop/ports.ts';
import type { Target, Verdict, Worker } from '../loop/ports.ts';
import { askDigest } from './ask-digest.ts';
import type { DockerEngine } from './docker.ts';
import type { Process } from './docker-map.ts';
import { isMaster, isQuitting, isWorker, listConfigurationFiles, masterArguments, readVerdict } from './nginx-words.ts';

/** nginx in a container of its own, acted on through the Docker API: exec to test, `kill -s HUP` to reload. */
export class NginxContainer implements Target {
  readonly id: string;
  readonly name: string;
  readonly answersAt: string;
  readonly #engine: DockerEngine;
  readonly #host: string;
  readonly #port: number;
  readonly #builds: Map<string, NginxBuild>;
  /** As they were before the reload; one listing serves the test, the signal and the acknowledgement. */
  #processes: readonly Process[] | undefined;
  #hasSignalled = false;

  /**
   * @param host where its own server answers
   * @param builds what was learned of each container's nginx; shared between passes
   */
  constructor(engine: DockerEngine, container: Container, host: string, port: number, builds: Map<string, NginxBuild>) {
    this.id = container.id;
    this.name = container.name;
    this.answersAt = `${host}:${String(port)}`;
    this.#engine = engine;
    this.#host = host;
    this.#port = port;
    this.#builds = builds;
  }

  async readBuild(): Promise<NginxBuild> {
    const known = this.#builds.get(this.id);
    if (known !== undefined) return known;
    const { output } = await this.#engine.exec(this.id, ['nginx', '-V']);
    const build = readNginxBuild(output);
    this.#builds.set(this.id, build);
    return build;
  }

  askDigest(): Promise<string | undefined> {
    return askDigest(this.#host, this.#port);
  }

  async validate(): Promise<Verdict> {
    const { exitCode, output } = await this.#run('-t');
    return readVerdict(exitCode, output);
  }

  async includes(path: string): Promise<boolean> {
    const { output } = await this.#run('-T');
    return listConfigurationFiles(output).includes(path);
  }

  async listWorkers(): Promise<readonly Worker[] | undefined> {
    try {
      const processes = await this.#listProcesses();
      return processes.filter(({ command }) => isWorker(command)).map(toWorker);
    } catch (error) {
      // Not every engine or socket proxy offers `top`; what answers is then watched for longer.
      if (error instanceof AppError) return undefined;
      throw error;
    }
  }

  async signalReload(): Promise<void> {
    const processes = await this.#listProcesses();
    const master = processes.find(({ command }) => isMaster(command));
    if (master === undefined) {
      throw new AppError('nginx', `no nginx master process runs in container ${this.name}; nothing was signalled`);
    }
    // The first process listed is the container's own, the one that `kill` reaches.
    if (master === processes[0]) await this.#engine.signal(this.id, 'SIGHUP');
    else await this.#run('-s', 'reload');
    this.#hasSignalled = true;
    this.#processes = undefined;
  }

  async #run(...words: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }> {
    const processes = await this.#listProcesses();
    const master = processes.find(({ command }) => isMaster(command));
    return this.#engine.exec(this.id, ['nginx', ...masterArguments(master?.command ?? ''), ...words]);
  }

  async #listProcesses(): Promise<readonly Process[]> {
    if (this.#processes !== undefined) return this.#processes;
    const processes = await this.#engine.listProcesses(this.id);
    const sorted = [...processes].sort((one, other) => one.pid - other.pid);
    // After the signal they change from moment to moment.
    if (!this.#hasSignalled) this.#processes = sorted;
    return sorted;
  }
}

function toWorker({ pid, command }: Process): Worker {
  return { pid, isQuitting: isQuitting(command) };
}
