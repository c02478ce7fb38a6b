import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually } from './eventually.ts';
import { loadStreamModule, requireNginx } from './nginx-binary.ts';

export interface NginxOptions {
  /** Whether its http block includes the file that lbwatch writes. */
  readonly includesGenerated?: boolean;
  /** What its stream block holds beside streams.conf; undefined: it has none. */
  readonly stream?: string;
  /** The generated file as it is before nginx starts. */
  readonly generated?: string;
  /** streams.conf as it is before nginx starts. */
  readonly streams?: string;
  /** A file of the hand-written configuration, `conf.d/site.conf`. */
  readonly site?: string;
  /** How long old workers may go on with what they have begun. */
  readonly shutdownTimeoutS?: number;
}

/** A real nginx with a configuration in a temporary directory of its own. */
export class NginxProcess {
  readonly directory: string;
  /** What LBWATCH_DIR is set to. */
  readonly sharedDirectory: string;
  readonly generatedPath: string;
  readonly streamsPath: string;
  readonly lastGoodPath: string;
  readonly sitePath: string;
  readonly configurationPath: string;
  /** What LBWATCH_NGINX_COMMAND is set to. */
  readonly command: string;
  readonly #binary: string;
  readonly #shutdownTimeoutS: number;
  #process: ChildProcess | undefined;
  #adopted = 0;

  /** Writes its files; it does not run yet. */
  constructor({
    includesGenerated = true,
    generated = '',
    site = '',
    stream,
    streams = '',
    shutdownTimeoutS = 1,
  }: NginxOptions = {}) {
    this.#shutdownTimeoutS = shutdownTimeoutS;
    this.#binary = requireNginx();
    this.directory = mkdtempSync(join(tmpdir(), 'lbwatch-nginx-'));
    this.sharedDirectory = join(this.directory, 'lbwatch');
    this.generatedPath = join(this.sharedDirectory, 'upstreams.conf');
    this.streamsPath = join(this.sharedDirectory, 'streams.conf');
    this.lastGoodPath = join(this.sharedDirectory, 'upstreams.last-good');
    this.sitePath = join(this.directory, 'conf.d', 'site.conf');
    this.configurationPath = join(this.directory, 'nginx.conf');
    this.command = `${this.#binary} -p ${this.directory} -c ${this.configurationPath}`;
    for (const folder of ['lbwatch', 'conf.d', 'tmp']) mkdirSync(join(this.directory, folder));
    writeFileSync(this.generatedPath, generated);
    writeFileSync(this.sitePath, site);
    if (stream !== undefined) writeFileSync(this.streamsPath, streams);
    const text = this.#configuration(includesGenerated);
    writeFileSync(this.configurationPath, stream === undefined ? text : this.withStream(text, stream));
  }

  /** A configuration with a stream block added, which includes streams.conf. */
  withStream(configuration: string, stream: string): string {
    return `${loadStreamModule(this.#binary)}${configuration}stream {\n  include ${this.streamsPath};\n${stream}}\n`;
  }

  /** The paths LBWATCH_SITE is set to. */
  get sitePaths(): readonly string[] {
    return [this.configurationPath, join(this.directory, 'conf.d')];
  }

  get pid(): number {
    return this.#process?.pid ?? this.#adopted;
  }

  /** Its files are served by a master that somebody else started, such as one in a container. */
  adopt(pid: number): void {
    this.#adopted = pid;
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
    const pids = this.children();
    // One that was just forked bears its master's title for a moment.
    return pids.filter((pid) =>
      /^nginx: (?:worker process\0*$|master process)/.test(readIfThere(`/proc/${String(pid)}/cmdline`)),
    );
  }

  /** The pids of all its processes but the master, also of those that have ended and are not reaped. */
  children(): readonly number[] {
    const children = readIfThere(`/proc/${String(this.pid)}/task/${String(this.pid)}/children`);
    return children.split(' ').filter(Boolean).map(Number);
  }

  /** Edits its configuration; takes effect with a reload. */
  setWorkers(count: number): void {
    const text = readFileSync(this.configurationPath, 'utf8');
    writeFileSync(
      this.configurationPath,
      text.replace(/worker_processes [0-9]+;/, `worker_processes ${String(count)};`),
    );
  }

  errorLog(): string {
    return readIfThere(join(this.directory, 'error.log'));
  }

  generated(): string {
    return readFileSync(this.generatedPath, 'utf8');
  }

  streams(): string {
    return readFileSync(this.streamsPath, 'utf8');
  }

  /** upstreams.conf as it was remembered. */
  lastGood(): string | undefined {
    try {
      return readFileSync(this.lastGoodPath, 'utf8').split('\n# lbwatch: streams.conf\n')[0];
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
worker_shutdown_timeout ${String(this.#shutdownTimeoutS)}s;
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
