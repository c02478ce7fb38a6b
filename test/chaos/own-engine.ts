import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { execa } from 'execa';

import { eventually } from '../support/eventually.ts';
import { EngineApi } from './engine-api.ts';
import { cgroupOf } from './own-cgroup.ts';

const upWithinMs = 60_000;
const downWithinMs = 60_000;

/**
 * A Docker engine that belongs to this run, which may stop and kill it. Runs where `own-space.ts` has made room: with
 * networks, mounts and processes of its own.
 */
export class OwnEngine {
  readonly socketPath: string;
  readonly api: EngineApi;
  isLiveRestore = false;
  readonly #directory: string;
  #process: ChildProcess | undefined;

  /** @param directory of the run; short, since the path of a socket may have 107 bytes */
  constructor(directory: string) {
    this.#directory = directory;
    this.socketPath = join(directory, 'docker.sock');
    this.api = new EngineApi(this.socketPath);
    mkdirSync(join(directory, 'engine'), { recursive: true });
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  /**
   * Resolves when it answers, to the names of network interfaces it had forgotten, which are gone then. An engine that was
   * killed ends its containers at its next start, and may keep a network namespace of one of them (Docker 20.10; a failed
   * clean-up leaves it open), whose interfaces go on answering for addresses that it gives to others.
   */
  async start(): Promise<readonly string[]> {
    const before = await listContainerLinks();
    const log = openSync(join(this.#directory, 'dockerd.log'), 'a');
    const words = [
      ...['--data-root', join(this.#directory, 'engine'), '--exec-root', '/run/docker'],
      ...['--pidfile', join(this.#directory, 'docker.pid'), '-H', `unix://${this.socketPath}`],
      ...['--bridge=none', '--default-address-pool', 'base=10.231.0.0/16,size=24'],
      // A name that is not there is known not to be there at once; else nginx waits for a name server that nobody reaches.
      ...[
        '--dns',
        '127.0.0.1',
        '--cgroup-parent',
        `/${cgroupOf(this.#directory)}`,
        ...(this.isLiveRestore ? ['--live-restore'] : []),
      ],
    ];
    const engine = spawn('dockerd', words, { cwd: '/', stdio: ['ignore', log, log] });
    engine.on('error', () => undefined);
    this.#process = engine;
    await eventually(
      'an answer of the engine of this run',
      async () => {
        await this.api.ping();
      },
      { withinMs: upWithinMs, everyMs: 20 },
    );
    // With live-restore they belong to containers that went on.
    return this.isLiveRestore ? [] : removeLinks(before);
  }

  /** In order: it stops its containers, unless it was started with live-restore. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
    // A number that may by now be another process of ours: the engine would refuse to start.
    rmSync(join(this.#directory, 'docker.pid'), { force: true });
  }

  /** Brings images along from a file that `docker save` wrote. */
  async load(file: string): Promise<void> {
    await execa('docker', ['-H', `unix://${this.socketPath}`, 'load', '-i', file]);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const engine = this.#process;
    this.#process = undefined;
    if (engine === undefined || engine.exitCode !== null || engine.signalCode !== null) return;
    const ended = new Promise((resolve) => engine.once('exit', resolve));
    engine.kill(signal);
    const timer = setTimeout(() => engine.kill('SIGKILL'), downWithinMs);
    await ended;
    clearTimeout(timer);
  }
}

/** The ends of containers' interfaces that are in the engine's own network namespace, which is that of this process. */
async function listContainerLinks(): Promise<readonly string[]> {
  const { stdout } = await execa('ip', ['-oneline', 'link', 'show', 'type', 'veth']);
  return stdout.split('\n').flatMap((line) => /^[0-9]+: ([^@:]+)/.exec(line)?.slice(1, 2) ?? []);
}

/** Answers those that were there. */
async function removeLinks(names: readonly string[]): Promise<readonly string[]> {
  const removals = await Promise.all(
    names.map(async (name) => {
      const { exitCode } = await execa('ip', ['link', 'delete', name], { reject: false });
      return exitCode === 0 ? [name] : [];
    }),
  );
  return removals.flat();
}
