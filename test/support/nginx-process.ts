import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually } from './eventually.ts';
import { requireNginx } from './nginx-binary.ts';

export interface NginxOptions {
  /** Whether its http block includes the file that lbwatch writes. */
  readonly includesGenerated?: boolean;
  /** The generated file as it is before nginx starts. */
  readonly generated?: string;
  /** A file of the hand-written configuration, `conf.d/site.conf`. */
  readonly site?: string;
}

/** A real nginx with a configuration in a temporary directory of its own. */
export class NginxProcess {
  readonly directory: string;
  /** What LBWATCH_DIR is set to. */
  readonly sharedDirectory: string;
  readonly generatedPath: string;
  readonly lastGoodPath: string;
  readonly sitePath: string;
  readonly configurationPath: string;
  /** What LBWATCH_NGINX_COMMAND is set to. */
  readonly command: string;
  readonly #binary: string;
  #process: ChildProcess | undefined;

  /** Writes its files; it does not run yet. */
  constructor({ includesGenerated = true, generated = '', site = '' }: NginxOptions = {}) {
    this.#binary = requireNginx();
    this.directory = mkdtempSync(join(tmpdir(), 'lbwatch-nginx-'));
    this.sharedDirectory = join(this.directory, 'lbwatch');
    this.generatedPath = join(this.sharedDirectory, 'upstreams.conf');
    this.lastGoodPath = join(this.sharedDirectory, 'upstreams.last-good');
    this.sitePath = join(this.directory, 'conf.d', 'site.conf');
    this.configurationPath = join(this.directory, 'nginx.conf');
    this.command = `${this.#binary} -p ${this.directory} -c ${this.configurationPath}`;
    for (const folder of ['lbwatch', 'conf.d', 'tmp']) mkdirSync(join(this.directory, folder));
    writeFileSync(this.generatedPath, generated);
    writeFileSync(this.sitePath, site);
    writeFileSync(this.configurationPath, this.#configuration(includesGenerated));
  }

  /** The paths LBWATCH_SITE is set to. */
  get sitePaths(): readonly string[] {
    return [this.configurationPath, join(this.directory, 'conf.d')];
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  async start(): Promise<void> {
    const [file = '', ...options] = this.command.split(' ');
    this.#process = spawn(file, options, { stdio: 'ignore' });
    await eventually(
      'nginx starts',
      () => {
        if (this.workers().length < 2) throw new Error(this.errorLog() || 'it has no workers yet');
      },
      { withinMs: 5000, everyMs: 10 },
    );
  }

  /** The pids of the workers that accept connections; others after each reload. */
  workers(): readonly number[] {
    const children = readIfThere(`/proc/${String(this.pid)}/task/${String(this.pid)}/children`);
    const pids = children.split(' ').filter(Boolean).map(Number);
    // One that was just forked bears its master's title for a moment.
    return pids.filter((pid) =>
      /^nginx: (?:worker process\0*$|master process)/.test(readIfThere(`/proc/${String(pid)}/cmdline`)),
    );
  }

  errorLog(): string {
    return readIfThere(join(this.directory, 'error.log'));
  }

  generated(): string {
    return readFileSync(this.generatedPath, 'utf8');
  }

  lastGood(): string | undefined {
    try {
      return readFileSync(this.lastGoodPath, 'utf8');
    } catch {
      return undefined;
    }
  }

  /** Ends it at once, and resolves when it is gone. */
  async stop(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    running.kill('SIGTERM');
    await gone;
  }

  /** Ends it and removes its files. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #configuration(includesGenerated: boolean): string {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `  ${name}_temp_path ${this.directory}/tmp/${name};\n`)
      .join('');
    return `daemon off;
${process.getuid?.() === 0 ? 'user root;\n' : ''}worker_processes 2;
worker_shutdown_timeout 1s;
pid ${this.directory}/nginx.pid;
error_log ${this.directory}/error.log notice;
events { worker_connections 64; }
http {
  access_log off;
${temporary}${includesGenerated ? `  include ${this.generatedPath};\n` : ''}  include ${this.directory}/conf.d/*.conf;
}
`;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
