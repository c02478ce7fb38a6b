import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { eventually } from './eventually.ts';
import { FakeDocker } from './fake-docker.ts';
import type { ContainerSpec } from './fake-docker.ts';
import { freePort } from './free-port.ts';
import { NginxProcess } from './nginx-process.ts';

const bundle = join(import.meta.dirname, '../../dist/lbwatch.js');
const patience = { withinMs: 15_000, everyMs: 20 };

/** Builds the bundle that the lab runs; answers the exit code, and what was said of what went wrong. */
export function buildBundle(): { readonly code: number | null; readonly said: string } {
  const built = spawnSync(process.execPath, [join(import.meta.dirname, '../../src/build.mjs')], { encoding: 'utf8' });
  return { code: built.status, said: built.stderr };
}

/** A line of the controller's log. */
export type LogRecord = Readonly<Record<string, unknown>>;

/** How a command ended, and what it said. */
export interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** The shipped bundle as processes of their own, beside a fake engine and a real nginx whose site passes to a pool `app`. */
export class RunLab {
  readonly docker = new FakeDocker();
  readonly nginx: NginxProcess;
  readonly environment: Readonly<Record<string, string>>;
  readonly #sitePort: number;
  readonly #internalPort: number;
  readonly statusPort: number;
  readonly #controllers: Controller[] = [];
  readonly #apps = new Map<number, Server>();

  private constructor(sitePort: number, internalPort: number, statusPort: number, stream: string | undefined) {
    this.#sitePort = sitePort;
    this.#internalPort = internalPort;
    this.statusPort = statusPort;
    this.nginx = new NginxProcess({
      generated: 'upstream app { server 127.0.0.1:1; }\n',
      site: `server { listen 127.0.0.1:${String(sitePort)}; location / { proxy_pass http://app; } }\n`,
      ...(stream === undefined ? {} : { stream, streams: 'upstream db { server 127.0.0.1:1 down; }\n' }),
      shutdownTimeoutS: 20,
    });
    this.environment = {
      PATH: process.env['PATH'] ?? '',
      DOCKER_HOST: this.docker.host,
      LBWATCH_NGINX: 'local',
      LBWATCH_NGINX_COMMAND: this.nginx.command,
      LBWATCH_SCOPE: 'all',
      LBWATCH_DIR: this.nginx.sharedDirectory,
      LBWATCH_SITE: this.nginx.sitePaths.join(','),
      LBWATCH_INTERNAL: `127.0.0.1:${String(internalPort)}`,
      LBWATCH_STATUS: `127.0.0.1:${String(statusPort)}`,
      LBWATCH_LOG_FORMAT: 'json',
      // Most of the lab's apps are addresses where nobody listens.
      LBWATCH_CHECKS: 'off',
    };
  }

  /** @param stream what nginx's stream block holds beside streams.conf, with a pool `db`; it has none otherwise */
  static async start(stream?: string): Promise<RunLab> {
    const lab = new RunLab(await freePort(), await freePort(), await freePort(), stream);
    await lab.docker.start();
    await lab.nginx.start();
    return lab;
  }

  async remove(): Promise<void> {
    for (const controller of this.#controllers) await controller.kill();
    for (const number of this.#apps.keys()) this.endApp(number);
    await this.nginx.remove();
    await this.docker.remove();
  }

  /**
   * Starts `lbwatch run`.
   *
   * @param hostName of its own, as in a container (takes root)
   */
  run(environment: Readonly<Record<string, string>> = {}, hostName?: string): Controller {
    const controller = new Controller({ ...this.environment, ...environment }, hostName);
    this.#controllers.push(controller);
    return controller;
  }

  /** Starts a command, which the test ends. */
  begin(
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): ChildProcessByStdio<null, Readable, Readable> {
    return spawn(process.execPath, [bundle, ...words], {
      env: { ...this.environment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Starts a command on a terminal of its own (util-linux: script). Ends with its standard input. */
  beginOnTerminal(
    words: readonly string[],
    columns: number,
    rows: number,
  ): ChildProcessByStdio<Writable, Readable, null> {
    const size = `stty cols ${String(columns)} rows ${String(rows)}`;
    const quoted = [process.execPath, bundle, ...words].map((word) => `'${word}'`).join(' ');
    return spawn('script', ['-qec', `${size}; exec ${quoted}`, '/dev/null'], {
      env: this.environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  }

  /** What all of its controllers have logged, but for those that were told to log for people. */
  records(): readonly LogRecord[] {
    const parse: (line: string) => LogRecord = JSON.parse;
    const lines = this.#controllers.flatMap((controller) => controller.lines);
    return lines.filter((line) => line.startsWith('{')).map((line) => parse(line));
  }

  /** Runs a command to its end. */
  async command(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const child = this.begin(words, environment);
    const exit = once(child, 'exit');
    const [stdout, stderr, ended] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
    const code: unknown = ended[0];
    return { code, stdout, stderr };
  }

  /** A container that asks to be a primary of `app`, with an address of its own on this machine's loopback. */
  addApp(number: number, spec: Partial<ContainerSpec> = {}): string {
    const name = `app-${String(number)}`;
    return this.docker.add({ name, labels: { 'lb.pool': 'app' }, address: addressOf(number), ports: [8000], ...spec });
  }

  /** Has somebody answer at an app's address, with its name unless the test says otherwise. */
  async serveApp(
    number: number,
    answer: RequestListener = (_, response) => response.end(`app-${String(number)}`),
  ): Promise<void> {
    const server = createServer(answer);
    this.#apps.set(number, server);
    server.listen(8000, addressOf(number));
    await once(server, 'listening');
  }

  /** Nobody answers at an app's address any more. */
  endApp(number: number): void {
    const app = this.#apps.get(number);
    app?.close();
    app?.closeAllConnections();
    this.#apps.delete(number);
  }

  /** Resolves when all of nginx runs, and the file says, that these and nobody else are in. */
  async inStep(...numbers: readonly number[]): Promise<void> {
    await eventually(
      `apps ${numbers.join(', ') || '(none)'} are in`,
      async () => {
        const file = this.nginx.generated();
        const upstream = /upstream app \{[^}]*\}/.exec(file)?.[0] ?? '';
        const addresses = [...upstream.matchAll(/server (127\.0\.1\.\d+):8000;/g)].map((match) => match[1]);
        const wanted = numbers.map(addressOf);
        if (addresses.join() !== wanted.join())
          throw new Error(`the file says ${addresses.join() || upstream || file}`);
        const running = await (await fetch(this.#internal('digest'))).text();
        if (!file.includes(running.trim())) throw new Error('nginx runs another configuration');
        if (this.nginx.workers().length !== 2) throw new Error('old workers still accept');
      },
      patience,
    );
  }

  /** What a client of the site sees. */
  ask(): Promise<Response> {
    return fetch(`http://127.0.0.1:${String(this.#sitePort)}/`, { headers: { connection: 'close' } });
  }

  async status(path: 'healthz' | 'readyz'): Promise<number> {
    return (await this.#askStatus(path)).status;
  }

  /** Since when nginx may be stale, as `/readyz` says it; null when it is not. */
  async staleSince(): Promise<unknown> {
    const answer: unknown = await (await this.#askStatus('readyz')).json();
    return typeof answer === 'object' && answer !== null && 'staleSince' in answer ? answer.staleSince : undefined;
  }

  #askStatus(path: 'healthz' | 'readyz'): Promise<Response> {
    return fetch(`http://127.0.0.1:${String(this.statusPort)}/${path}`);
  }

  #internal(path: string): string {
    return `http://127.0.0.1:${String(this.#internalPort)}/lbwatch/${path}`;
  }
}

/** A running `lbwatch run` and what it has logged. */
export class Controller {
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly #exit: Promise<readonly unknown[]>;

  /** @param hostName of its own, as in a container (takes root); it has the machine's otherwise */
  constructor(environment: Readonly<Record<string, string>>, hostName?: string) {
    const words = [bundle, 'run'];
    const rename = ['--uts', 'sh', '-c', 'hostname "$0" && exec "$@"'];
    const [command, rest] =
      hostName === undefined
        ? [process.execPath, words]
        : ['unshare', [...rename, hostName, process.execPath, ...words]];
    const child = spawn(command, rest, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = child;
    this.#exit = once(child, 'exit');
    createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** The log as records; throws where a line is no JSON object. */
  records(): readonly LogRecord[] {
    const parse: (line: string) => LogRecord = JSON.parse;
    return this.lines.map((line) => parse(line));
  }

  /** Records with this message. */
  said(message: string): readonly LogRecord[] {
    return this.records().filter(({ msg }) => msg === message);
  }

  /** Resolves to the first record with this message, and this in its text. */
  logged(message: string, part = ''): Promise<LogRecord> {
    return eventually(
      `"${message}" (${part})`,
      () => {
        const record = this.said(message).find((one) =>
          JSON.stringify(one).includes(JSON.stringify(part).slice(1, -1)),
        );
        if (record === undefined) throw new Error(`the log says:\n${this.lines.join('\n')}`);
        return record;
      },
      patience,
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Sends SIGTERM; answers the exit code (or the signal that ended it) and how long it took. */
  async stop(): Promise<{ readonly code: unknown; readonly tookMs: number }> {
    const beginMs = performance.now();
    this.signal('SIGTERM');
    const [code, signal] = await this.#exit;
    return { code: code ?? signal, tookMs: performance.now() - beginMs };
  }

  /** Resolves to the exit code, or the signal, that it ends with by itself. */
  async ended(): Promise<unknown> {
    const [code, signal] = await this.#exit;
    return code ?? signal;
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exit;
  }
}

export function addressOf(number: number): string {
  return `127.0.1.${String(number)}`;
}
