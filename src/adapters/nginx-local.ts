import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { execa } from 'execa';

import { readNginxBuild } from '../core/nginx-build.ts';
import type { NginxBuild } from '../core/nginx-build.ts';
import { AppError } from '../loop/ports.ts';
import type { Connections, Quit, Target, Verdict, Worker } from '../loop/ports.ts';
import { askConnections } from './ask-connections.ts';
import { askDigest } from './ask-digest.ts';
import { MasterProcess } from './master-process.ts';
import { listConfigurationFiles, readVerdict } from './nginx-words.ts';

/** nginx beside the controller, on one machine or in one container. Needs Linux's /proc. */
export class NginxLocal implements Target {
  readonly id: string;
  readonly name = 'nginx';
  readonly answersAt: string;
  readonly #nginx: LocalCommand;
  readonly #master: MasterProcess;
  readonly #host: string;
  readonly #port: number;

  constructor(nginx: LocalCommand, pid: number, host: string, port: number) {
    this.id = `local:${String(pid)}`;
    this.answersAt = `${host}:${String(port)}`;
    this.#nginx = nginx;
    this.#master = new MasterProcess(pid);
    this.#host = host;
    this.#port = port;
  }

  readBuild(): Promise<NginxBuild> {
    return this.#nginx.readBuild();
  }

  askDigest(): Promise<string | undefined> {
    return askDigest(this.#host, this.#port);
  }

  askConnections(): Promise<Connections | undefined> {
    return askConnections(this.#host, this.#port);
  }

  async validate(): Promise<Verdict> {
    const { exitCode, output } = await this.#nginx.run('-t');
    return readVerdict(exitCode, output);
  }

  async includes(path: string): Promise<boolean> {
    return listConfigurationFiles((await this.#nginx.run('-T')).output).includes(path);
  }

  listWorkers(): Promise<readonly Worker[] | undefined> {
    return this.#master.listWorkers();
  }

  /** All it needs is at hand. */
  prepare(): Promise<void> {
    return Promise.resolve();
  }

  /** Its processes are seen without any detour. */
  reloadAndHandOver(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async canHandOver(): Promise<boolean> {
    return (await this.listWorkers()) !== undefined;
  }

  quitWorkers(pids: readonly number[]): Promise<Quit> {
    return this.#master.quitWorkers(pids);
  }

  readTcpTables(): Promise<string | undefined> {
    return this.#master.readTcpTables();
  }

  signalReload(): Promise<void> {
    return this.#master.signalReload();
  }
}

/** The nginx command of this machine, with the options it was given: `nginx`, or `nginx -p DIR -c FILE`. */
export class LocalCommand {
  readonly #words: readonly string[];
  #build: NginxBuild | undefined;
  #pidPath: string | undefined;

  constructor(command: string) {
    this.#words = command.split(' ').filter(Boolean);
  }

  /** The verified master's pid, or why there is none. */
  async findMaster(): Promise<number | string> {
    const known = this.#pidPath === undefined ? undefined : await readPid(this.#pidPath);
    if (known !== undefined && (await new MasterProcess(known).isAlive())) return known;
    const pidPath = await this.#findPidPath();
    this.#pidPath = pidPath;
    const pid = await readPid(pidPath);
    if (pid === undefined) return `no nginx runs here (no pid in ${pidPath})`;
    return (await new MasterProcess(pid).isAlive())
      ? pid
      : `no nginx runs here (process ${String(pid)} of ${pidPath} is no nginx master)`;
  }

  /** The configuration may say where the pid file is, and nginx shows it only while it is valid. */
  async #findPidPath(): Promise<string> {
    const { output } = await this.run('-V');
    const prefix = valueAfter('-p', this.#words) ?? /--prefix=(\S+)/.exec(output)?.[1] ?? '/';
    const main = valueAfter('-c', this.#words) ?? /--conf-path=(\S+)/.exec(output)?.[1] ?? 'conf/nginx.conf';
    const dump = await this.run('-T');
    const text = dump.exitCode === 0 ? dump.output : ((await readIfThere(resolve(prefix, main))) ?? '');
    const pidPath = /^\s*pid\s+([^\s;]+)\s*;/m.exec(text)?.[1] ?? (await this.readBuild()).pidPath ?? '/run/nginx.pid';
    return resolve(prefix, pidPath);
  }

  async readBuild(): Promise<NginxBuild> {
    this.#build ??= readNginxBuild((await this.run('-V')).output);
    return this.#build;
  }

  async run(...words: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }> {
    const [file = 'nginx', ...options] = this.#words;
    const result = await execa('sh', ['-c', throughPipe, 'sh', file, ...options, ...words], {
      reject: false,
      timeout: 10_000,
      stdin: 'ignore',
    });
    const [, output = '', code = ''] = /^(.*?)exit code (\d+)$/s.exec(result.stdout) ?? [];
    if (code === '' || code === cannotExecute || code === notFound) {
      const why = (code === '' ? (result.shortMessage ?? 'no exit code') : output.trim()).replaceAll('\n', ': ');
      throw new AppError('nginx', `cannot run "${file}": ${why}; set LBWATCH_NGINX_COMMAND`);
    }
    return { exitCode: Number(code), output };
  }
}

/**
 * Runs its arguments with a pipe for their output. What Node gives its children is a socket, which nobody can open by
 * name: nginx would refuse `access_log /dev/stdout`.
 */
const throughPipe = '{ "$@" 2>&1; printf "exit code %s" $?; } | cat';
/** Exit codes of the shell's own (POSIX, "Exit Status for Commands"). */
const cannotExecute = '126';
const notFound = '127';

function valueAfter(option: string, words: readonly string[]): string | undefined {
  const index = words.indexOf(option);
  return index === -1 ? undefined : words[index + 1];
}

async function readPid(path: string): Promise<number | undefined> {
  const text = (await readIfThere(path))?.trim() ?? '';
  return /^[1-9][0-9]*$/.test(text) ? Number(text) : undefined;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // Gone: that is the answer.
    return undefined;
  }
}
