import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { eventually } from '../support/eventually.ts';
import { FakeDocker } from '../support/fake-docker.ts';
import { freePort } from '../support/free-port.ts';
import { NginxProcess } from '../support/nginx-process.ts';
import { Controller } from '../support/run-lab.ts';
import type { LogRecord } from '../support/run-lab.ts';
import { imageEnvironment } from './image-environment.ts';

/** All members listen on this one, each at its own address; several runs on one machine have several. */
const memberPort = await freePort();
const withinMs = 30_000;
/** Longer than the quiet window, so that the next event is acted on at once. */
const restMs = 700;

/** What the fake engine holds. */
export interface FleetSize {
  readonly containers: number;
  readonly pools: number;
}

/**
 * The shipped controller as a process of its own, beside a real nginx and an engine with any number of containers. Each
 * container has an address on the loopback network, and all of them answer there.
 */
export class Fleet {
  readonly docker = new FakeDocker();
  readonly ids: readonly string[];
  readonly #size: FleetSize;
  readonly #members: Server;
  readonly #ended = new Set<number>();
  #nginx: NginxProcess | undefined;
  #controller: Controller | undefined;
  #internalPort = 0;
  #checks = 0;

  /** @param labels of all containers, beside their pool's */
  constructor(size: FleetSize, labels: Readonly<Record<string, string>> = {}) {
    this.#size = size;
    this.ids = Array.from({ length: size.containers }, (_, index) =>
      this.docker.add({
        name: `shop-app-${String(index)}`,
        labels: {
          'lb.pool': poolOf(index, size),
          'com.docker.compose.project': 'shop',
          'com.docker.compose.service': 'app',
          ...labels,
        },
        address: addressOf(index),
        ports: [memberPort],
      }),
    );
    this.#members = createServer((socket) => {
      this.#checks += 1;
      socket.resume().end();
    });
  }

  /** Connections that members were asked over. */
  get checks(): number {
    return this.#checks;
  }

  /** How often nginx was told to reload. */
  get reloads(): number {
    return this.#nginx?.errorLog().match(/signal 1 \(SIGHUP\) received/g)?.length ?? 0;
  }

  /** How large the file is that nginx includes. */
  get generatedBytes(): number {
    return Buffer.byteLength(this.#nginx?.generated() ?? '');
  }

  get pid(): number {
    return this.#controller?.pid ?? 0;
  }

  get lines(): readonly string[] {
    return this.#controller?.lines ?? [];
  }

  get nginxPid(): number {
    return this.#nginx?.pid ?? 0;
  }

  /** Starts everything; answers how long the controller took from its start to nginx's acknowledgement, in ms. */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<number> {
    this.#members.listen(memberPort, '0.0.0.0');
    await once(this.#members, 'listening');
    const [internal, site, status] = [await freePort(), await freePort(), await freePort()];
    this.#internalPort = internal;
    const nginx = new NginxProcess({
      generated: 'upstream app0 { server 127.0.0.1:1; }\n',
      site: `server { listen 127.0.0.1:${String(site)}; location / { proxy_pass http://app0; } }\n`,
    });
    this.#nginx = nginx;
    await nginx.start();
    await this.docker.start();
    const beginMs = performance.now();
    this.#controller = new Controller({
      PATH: process.env['PATH'] ?? '',
      ...imageEnvironment,
      DOCKER_HOST: this.docker.host,
      LBWATCH_NGINX: 'local',
      LBWATCH_NGINX_COMMAND: nginx.command,
      LBWATCH_SCOPE: 'all',
      LBWATCH_DIR: nginx.sharedDirectory,
      LBWATCH_SITE: nginx.sitePaths.join(','),
      LBWATCH_INTERNAL: `127.0.0.1:${String(internal)}`,
      LBWATCH_STATUS: `127.0.0.1:${String(status)}`,
      // What an event did not bring must not come by itself.
      LBWATCH_RESYNC: '1h',
      LBWATCH_LOG_FORMAT: 'json',
      LBWATCH_LOG_LEVEL: 'debug',
      ...environment,
    });
    await this.#logged(0, isPoolChange);
    return performance.now() - beginMs;
  }

  /** A member is told to stop and ends; answers when nginx has acknowledged that. */
  async end(index: number): Promise<LogRecord> {
    return this.#follow(index, () => {
      this.docker.end(this.#id(index));
    });
  }

  /** A member that had ended starts again. */
  async startAgain(index: number): Promise<LogRecord> {
    return this.#follow(index, () => {
      this.docker.startAgain(this.#id(index), addressOf(index));
    });
  }

  /** Resolves when no pass is under way or due: everything that was told before has been seen, and one more event, too. */
  async rest(): Promise<void> {
    await pause(restMs);
    await this.tellNothing(0);
  }

  /** An event that changes nothing; resolves when a pass has found that. */
  async tellNothing(index: number): Promise<void> {
    const from = this.lines.length;
    this.docker.emit('rename', this.#id(index));
    await this.#logged(from, ({ msg, reasons }) => msg === 'unchanged' && String(reasons).includes('rename'));
  }

  /** Ends a member, or starts one that had ended, and waits for nothing. */
  toggle(index: number): void {
    const id = this.#id(index);
    if (this.#ended.delete(index)) this.docker.startAgain(id, addressOf(index));
    else {
      this.#ended.add(index);
      this.docker.end(id);
    }
  }

  /** Resolves when nginx runs exactly those members that run on the engine. */
  async inStep(): Promise<void> {
    const wanted = this.ids.flatMap((_, index) => (this.#ended.has(index) ? [] : [addressOf(index)])).sort();
    await eventually(
      'nginx runs what the engine does',
      async () => {
        const text = this.#nginx?.generated() ?? '';
        const written = [...text.matchAll(/server (127\.77\.[0-9.]+):/g)].map(([, address = '']) => address).sort();
        const missing = wanted.filter((address) => !written.includes(address));
        const over = written.filter((address) => !wanted.includes(address));
        if (missing.length + over.length > 0) throw new Error(`missing: ${missing.join()}; too many: ${over.join()}`);
        const answer = await fetch(`http://127.0.0.1:${String(this.#internalPort)}/lbwatch/digest`);
        if (!text.includes((await answer.text()).trim())) throw new Error('nginx runs another configuration');
      },
      { withinMs, everyMs: 50 },
    );
  }

  /** Has the controller look at everything again; resolves when it has. */
  async resync(): Promise<void> {
    const from = this.lines.length;
    this.#controller?.signal('SIGHUP');
    await this.#logged(from, ({ msg, reasons }) => msg === 'unchanged' && String(reasons).includes('SIGHUP'));
  }

  async remove(): Promise<void> {
    await this.#controller?.kill();
    await this.#nginx?.remove();
    await this.docker.remove();
    this.#members.close();
  }

  async #follow(index: number, act: () => void): Promise<LogRecord> {
    const from = this.lines.length;
    act();
    const name = `shop-app-${String(index)}`;
    return this.#logged(from, (record) => isPoolChange(record) && JSON.stringify(record).includes(`"${name}"`));
  }

  async #logged(from: number, isWanted: (record: LogRecord) => boolean): Promise<LogRecord> {
    const parse: (line: string) => LogRecord = JSON.parse;
    const attempt = (): LogRecord => {
      const record = this.lines.slice(from).map(parse).find(isWanted);
      if (record === undefined) throw new Error(`the log says: ${this.lines.slice(from).join('\n').slice(-2000)}`);
      return record;
    };
    return eventually('a line of the log', attempt, { withinMs, everyMs: 10 });
  }

  #id(index: number): string {
    const id = this.ids[index];
    if (id === undefined) throw new Error(`there is no container ${String(index)} of ${String(this.#size.containers)}`);
    return id;
  }
}

function isPoolChange({ msg }: LogRecord): boolean {
  return msg === 'pool changed';
}

function poolOf(index: number, { pools }: FleetSize): string {
  return `app${String(index % pools)}`;
}

/** Of the loopback network, away from the addresses that tests use. */
function addressOf(index: number): string {
  return `127.77.${String(index >> 8)}.${String(index & 255)}`;
}
