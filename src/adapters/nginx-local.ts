import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { execa } from 'execa';

import { codeOf } from '../core/error-words.ts';
import { readNginxBuild } from '../core/nginx-build.ts';
import type { NginxBuild } from '../core/nginx-build.ts';
import { AppError } from '../loop/ports.ts';
import type { Quit, Target, Verdict, Worker } from '../loop/ports.ts';
import { askDigest } from './ask-digest.ts';
import { isMaster, listConfigurationFiles, pickWorkers, readVerdict } from './nginx-words.ts';

/** nginx beside the controller, on one machine or in one container. Needs Linux's /proc. */
export class NginxLocal implements Target {
  readonly id: string;
  readonly name = 'nginx';
  readonly answersAt: string;
  readonly #nginx: LocalCommand;
  readonly #pid: number;
  readonly #host: string;
  readonly #port: number;

  constructor(nginx: LocalCommand, pid: number, host: string, port: number) {
    this.id = `local:${String(pid)}`;
    this.answersAt = `${host}:${String(port)}`;
    this.#nginx = nginx;
    this.#pid = pid;
    this.#host = host;
    this.#port = port;
  }

  readBuild(): Promise<NginxBuild> {
    return this.#nginx.readBuild();
  }

  askDigest(): Promise<string | undefined> {
    return askDigest(this.#host, this.#port);
  }

  async validate(): Promise<Verdict> {
    const { exitCode, output } = await this.#nginx.run('-t');
    return readVerdict(exitCode, output);
  }

  async includes(path: string): Promise<boolean> {
    return listConfigurationFiles((await this.#nginx.run('-T')).output).includes(path);
  }

  async listWorkers(): Promise<readonly Worker[] | undefined> {
    const path = `/proc/${String(this.#pid)}/task/${String(this.#pid)}/children`;
    // Twice: a child that is reaped while the list is made may hide the one after it (proc(5)).
    const lists = [await readIfThere(path), await readIfThere(path)];
    if (lists.includes(undefined)) return undefined;
    const pids = new Set(lists.join(' ').split(' ').filter(Boolean).map(Number));
    const processes = await Promise.all([...pids].map(async (pid) => ({ pid, command: (await readTitle(pid)) ?? '' })));
    return pickWorkers(processes);
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

  async quitWorkers(pids: readonly number[]): Promise<Quit> {
    // Looked at again: a pid may have been given to somebody else.
    const workers = (await this.listWorkers()) ?? [];
    const accepting = workers.filter(({ pid, isQuitting }) => !isQuitting && pids.includes(pid));
    const sent = accepting.map(({ pid }) => sendQuit(pid));
    return sent.includes('refused') ? 'refused' : 'sent';
  }

  async readTcpTables(): Promise<string | undefined> {
    const of = (name: string): string => `/proc/${String(this.#pid)}/net/${name}`;
    const [tables, tables6 = ''] = await Promise.all([readIfThere(of('tcp')), readIfThere(of('tcp6'))]);
    return tables === undefined ? undefined : `${tables}\n${tables6}`;
  }

  async signalReload(): Promise<void> {
    // The pid may have been given to somebody else since the pass began.
    if (!(await isMasterPid(this.#pid)))
      throw new AppError('nginx', `process ${String(this.#pid)} is no nginx master any more`);
    try {
      process.kill(this.#pid, 'SIGHUP');
    } catch (error) {
      throw new AppError(
        'nginx',
        `cannot signal nginx (process ${String(this.#pid)}): run lbwatch as the user who started it`,
        {
          cause: error,
        },
      );
    }
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
    if (known !== undefined && (await isMasterPid(known))) return known;
    const pidPath = await this.#findPidPath();
    this.#pidPath = pidPath;
    const pid = await readPid(pidPath);
    if (pid === undefined) return `no nginx runs here (no pid in ${pidPath})`;
    return (await isMasterPid(pid))
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
    const result = await execa(file, [...options, ...words], {
      all: true,
      reject: false,
      timeout: 10_000,
      stdin: 'ignore',
    });
    if (result.exitCode === undefined) {
      const why = result.shortMessage?.replaceAll('\n', ': ') ?? 'no exit code';
      throw new AppError('nginx', `cannot run "${file}": ${why}; set LBWATCH_NGINX_COMMAND`);
    }
    return { exitCode: result.exitCode, output: result.all };
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

function valueAfter(option: string, words: readonly string[]): string | undefined {
  const index = words.indexOf(option);
  return index === -1 ? undefined : words[index + 1];
}

async function isMasterPid(pid: number): Promise<boolean> {
  return isMaster((await readTitle(pid)) ?? '');
}

async function readPid(path: string): Promise<number | undefined> {
  const text = (await readIfThere(path))?.trim() ?? '';
  return /^[1-9][0-9]*$/.test(text) ? Number(text) : undefined;
}

async function readTitle(pid: number): Promise<string | undefined> {
  return (await readIfThere(`/proc/${String(pid)}/cmdline`))?.replaceAll('\0', ' ').trim();
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // Gone: that is the answer.
    return undefined;
  }
}
