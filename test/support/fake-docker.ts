import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';

import { readFilters, respond } from './api-answer.ts';

/** A container as a test describes it; what is left out is as for a plain running one. */
export interface ContainerSpec {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly state?: string;
  /** What the engine tells for people; `Up 5 seconds (healthy)`. */
  readonly status?: string;
  readonly address?: string;
  readonly network?: string;
  /** What `top` lists: the host's pid and the command line. */
  readonly processes?: readonly (readonly [pid: string, command: string])[];
  /** Exposed tcp ports. */
  readonly ports?: readonly number[];
  /** Where the machine passes each of them on, by the exposed port: `0.0.0.0`, and this port. */
  readonly published?: Readonly<Record<number, number>>;
  readonly environment?: readonly string[];
  /** As the image names it; the engine's default where it names none. */
  readonly stopSignal?: string;
}

/** What a command in a container prints, and how it ends. */
export interface ExecAnswer {
  readonly exitCode: number;
  readonly output: string;
}

/** A request that was made, such as `GET /containers/json`, and its query. */
export interface Call {
  readonly what: string;
  readonly query: URLSearchParams;
}

type EngineRecord = Readonly<Record<string, unknown>>;

/** How the lines of the event stream are cut into chunks. */
type Chunking = 'a line each' | 'split in lines' | 'two at a time';

interface Stream {
  readonly response: ServerResponse;
  readonly isWanted: (event: EngineRecord) => boolean;
  isFrozen: boolean;
  held: Buffer;
}

/**
 * A Docker Engine API with what lbwatch asks for, as a real HTTP server on a Unix socket (or on a TCP port), and all the
 * ways in which a real one misbehaves.
 */
export class FakeDocker {
  readonly #directory = mkdtempSync(join(tmpdir(), 'lbwatch-docker-'));
  readonly #socketPath = join(this.#directory, 'docker.sock');
  readonly #tcpPort: number | undefined;
  readonly #containers = new Map<string, ContainerSpec>();
  readonly #startedAt = new Map<string, string>();
  #events: EngineRecord[] = [];
  #streams: Stream[] = [];
  #server: Server | undefined;
  #nextId = 1;
  #lastNano = 0;

  readonly calls: Call[] = [];
  /** Events that were told so far. */
  emitted = 0;
  /** Connections that were made so far. */
  accepted = 0;
  /** Bytes sent to connections that are closed. */
  #sentBytes = 0;
  readonly #connections = new Set<Socket>();
  /** Answered instead, by path, such as `/containers/json` or `*`. */
  readonly failures = new Map<string, { readonly status: number; readonly message: string }>();
  /** Events happen and are told to nobody, not even when replayed. */
  dropsEvents = false;
  /** Requests that name an older version of the API are refused, as engine 29 refuses those before 1.44. */
  oldestApi = '1.12';
  /** It is Podman's socket: the list tells of no health, and of published ports only. */
  speaksPodman = false;
  chunking: Chunking = 'a line each';
  /** New subscriptions are never answered. */
  ignoresSubscriptions = false;
  /** How far its clock is behind ours: a replay until now goes on until then. */
  clockBehindMs = 0;
  delayMs = 0;
  /** What commands in containers answer, by the whole command line. */
  readonly execs = new Map<string, ExecAnswer>();
  /** The command lines that were run in containers. */
  readonly commands: string[] = [];
  /** Shells that were asked for; there are none in any of its containers. */
  shells = 0;
  /** Signals that were sent, such as `SIGHUP nginx-1`. */
  readonly signals: string[] = [];
  /** Called when a list has been made and is not sent yet. */
  afterList: () => void = () => undefined;

  /** @param tcpPort listens on this port of 127.0.0.1 and not on a socket */
  constructor(tcpPort?: number) {
    this.#tcpPort = tcpPort;
  }

  /** What DOCKER_HOST is set to. */
  get host(): string {
    return this.#tcpPort === undefined ? `unix://${this.#socketPath}` : `tcp://127.0.0.1:${String(this.#tcpPort)}`;
  }

  get socketPath(): string {
    return this.#socketPath;
  }

  /** All that was sent so far, in bytes. */
  get sentBytes(): number {
    return [...this.#connections].reduce((sum, { bytesWritten }) => sum + bytesWritten, this.#sentBytes);
  }

  /** Event streams that are open now, frozen or not. */
  get openStreams(): number {
    return this.#streams.length;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : undefined);
      });
    });
    server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
      refuseShell(socket);
    });
    server.on('connection', (socket: Socket) => {
      this.#connections.add(socket);
      this.accepted += 1;
      socket.on('close', () => {
        this.#connections.delete(socket);
        this.#sentBytes += socket.bytesWritten;
      });
    });
    this.#server = server;
    if (this.#tcpPort === undefined) server.listen(this.#socketPath);
    else server.listen(this.#tcpPort, '127.0.0.1');
    await once(server, 'listening');
  }

  /** The engine goes away; containers stay. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    this.#streams = [];
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  count(what: string): number {
    return this.calls.filter((call) => call.what === what).length;
  }

  /** Creates and starts a container; answers its id. */
  add(spec: ContainerSpec): string {
    // No two engines have a container of the same id.
    const id = String(this.#nextId).padStart(64, this.#tcpPort === undefined ? 'c0ffee' : 'facade');
    this.#nextId += 1;
    this.#containers.set(id, spec);
    this.#startedAt.set(id, new Date().toISOString());
    this.#emitContainer('create', id);
    this.#emit({
      Type: 'network',
      Action: 'connect',
      Actor: { ID: 'n1', Attributes: { container: id, name: spec.network ?? 'default' } },
    });
    this.#emitContainer('start', id);
    return id;
  }

  /** Changes what a container is, without a word. */
  change(id: string, change: Partial<ContainerSpec>): void {
    this.#containers.set(id, { ...this.#get(id), ...change });
  }

  /** A health check changed its mind. */
  tellHealth(id: string, health: string): void {
    this.change(id, { status: `Up 5 seconds (${health})` });
    this.#emitContainer(`health_status: ${health}`, id);
  }

  /** The container ends by a signal, and stays on the engine. */
  end(id: string): void {
    this.#emitContainer('kill', id, { signal: '15' });
    this.change(id, { state: 'exited', status: 'Exited (0) 1 second ago', address: '' });
    this.#emitContainer('die', id);
    this.#emitContainer('stop', id);
  }

  /** A container that has ended runs again, at an address. */
  startAgain(id: string, address: string): void {
    this.change(id, { state: 'running', status: 'Up 1 second', address });
    this.#startedAt.set(id, new Date().toISOString());
    this.#emitContainer('start', id);
  }

  /** The container is removed. */
  delete(id: string): void {
    const spec = this.#get(id);
    this.#containers.delete(id);
    this.#emit(containerEvent('destroy', id, spec));
  }

  /** Tells an event of a container as it is. */
  emit(action: string, id: string): void {
    this.#emitContainer(action, id);
  }

  /** A signal is sent to the container, which goes on running. */
  kill(id: string, signal: number): void {
    this.#emitContainer('kill', id, { signal: String(signal) });
  }

  /** Tells an event as it stands, of any shape. */
  emitRaw(event: EngineRecord): void {
    this.#emit(event);
  }

  /** Writes to all streams, which need not be JSON. */
  write(text: string): void {
    for (const { response } of this.#streams) response.write(text);
  }

  /** All event streams break. */
  cutStreams(): void {
    for (const { response } of this.#streams) response.destroy();
  }

  /** The event streams end in order. */
  endStreams(): void {
    for (const { response } of this.#streams) response.end();
  }

  /** The event streams of now stay open and never say a word again. */
  freezeStreams(): void {
    for (const stream of this.#streams) stream.isFrozen = true;
  }

  #get(id: string): ContainerSpec {
    const spec = this.#containers.get(id);
    if (spec === undefined) throw new Error(`no container ${id}`);
    return spec;
  }

  #emitContainer(action: string, id: string, attributes: Readonly<Record<string, string>> = {}): void {
    this.#emit(containerEvent(action, id, this.#get(id), attributes));
  }

  #emit(event: EngineRecord): void {
    if (this.dropsEvents) return;
    this.emitted += 1;
    // Later than any before, as nanoseconds are.
    this.#lastNano = Math.max(Date.now() * 1e6, this.#lastNano + 1000);
    const stamped = { time: Math.floor(this.#lastNano / 1e9), timeNano: this.#lastNano, ...event };
    this.#events = [...this.#events, stamped].slice(-256);
    for (const stream of this.#streams) this.#send(stream, stamped);
  }

  #send(stream: Stream, event: EngineRecord): void {
    if (stream.isFrozen || !stream.isWanted(event)) return;
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    const release = (): void => {
      stream.response.write(stream.held);
      stream.held = Buffer.alloc(0);
    };
    switch (this.chunking) {
      case 'a line each':
        stream.response.write(line);
        break;
      case 'split in lines': {
        // The beginning at once, the rest with the next event or a moment later; letters of several bytes are cut too.
        const end = line.length - 40;
        stream.held = Buffer.concat([stream.held, line.subarray(0, end)]);
        release();
        stream.held = line.subarray(end);
        setTimeout(release, 20);
        break;
      }
      case 'two at a time': {
        const isSecond = stream.held.length > 0;
        stream.held = Buffer.concat([stream.held, line]);
        if (isSecond) release();
        break;
      }
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://engine');
    const path = url.pathname.replace(/^\/+(?:v1\.\d+\/)?/, '/');
    this.calls.push({ what: `${request.method ?? ''} ${path}`, query: url.searchParams });
    const minor = Number(/^\/v1\.(\d+)\//.exec(url.pathname)?.[1] ?? Infinity);
    if (minor < Number(this.oldestApi.split('.')[1])) {
      const message = `client version 1.${String(minor)} is too old. Minimum supported API version is ${this.oldestApi}`;
      respond(response, 400, { message });
      return;
    }
    const failure = this.failures.get(path) ?? this.failures.get('*');
    if (failure !== undefined) {
      respond(response, failure.status, { message: failure.message });
      return;
    }
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs).unref());
    const one = /^\/containers\/([^/]+)\/json$/.exec(path)?.[1];
    if (path === '/_ping') response.end('OK');
    else if (path === '/version') respond(response, 200, this.speaksPodman ? podmanVersion : dockerVersion);
    else if (request.method === 'POST') await this.#act(request, response, path, url.searchParams);
    else if (path === '/events') this.#subscribe(response, url.searchParams);
    else if (path === '/containers/json') {
      const list = this.#list(url.searchParams);
      this.afterList();
      respond(response, 200, list);
    } else if (one !== undefined) this.#inspect(response, one);
    else if (path.endsWith('/top')) {
      const { processes = [] } = this.#get(path.split('/')[2] ?? '');
      respond(response, 200, { Titles: ['PID', 'COMMAND'], Processes: processes });
    } else if (path.startsWith('/exec/')) {
      const command = this.commands[Number(path.split('/')[2])] ?? '';
      respond(response, 200, { ExitCode: this.execs.get(command)?.exitCode ?? 127 });
    } else respond(response, 404, { message: `page not found: ${path}` });
  }

  async #act(request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams): Promise<void> {
    const [, kind, id = '', action] = path.split('/');
    if (kind === 'containers' && action === 'kill') {
      this.signals.push(`${query.get('signal') ?? ''} ${this.#get(id).name}`);
      response.writeHead(204).end();
    } else if (kind === 'containers' && action === 'exec') {
      const parse: (body: string) => { readonly Cmd: readonly string[]; readonly AttachStdin?: boolean } = JSON.parse;
      const { Cmd, AttachStdin = false } = parse(await text(request));
      if (AttachStdin) {
        this.shells += 1;
        respond(response, 201, { Id: 'shell' });
        return;
      }
      this.commands.push(Cmd.join(' '));
      respond(response, 201, { Id: String(this.commands.length - 1) });
    } else if (kind === 'exec' && action === 'start') {
      const command = this.commands[Number(id)] ?? '';
      response.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' });
      // A terminal's line ends.
      response.end((this.execs.get(command)?.output ?? `${command}: not found\n`).replaceAll('\n', '\r\n'));
    } else respond(response, 404, { message: `page not found: ${path}` });
  }

  #list(query: URLSearchParams): readonly unknown[] {
    return [...this.#containers]
      .filter(([, spec]) => query.has('all') || (spec.state ?? 'running') === 'running')
      .map(([id, spec]) => {
        const told = toListed(id, spec);
        return this.speaksPodman ? { ...told, Status: 'Up 5 seconds', Ports: [] } : told;
      });
  }

  /** @param wanted the id, or a beginning that no other has */
  #inspect(response: ServerResponse, wanted: string): void {
    const ids = [...this.#containers.keys()].filter((one) => one.startsWith(wanted));
    const id = ids.length === 1 ? (ids[0] ?? wanted) : wanted;
    const spec = this.#containers.get(id);
    if (spec === undefined) {
      respond(response, 404, { message: `No such container: ${id}` });
      return;
    }
    respond(response, 200, {
      Id: id,
      Name: `/${spec.name}`,
      Created: new Date(1_700_000_000_000).toISOString(),
      State: { Status: spec.state ?? 'running', StartedAt: this.#startedAt.get(id), ...readHealth(spec.status ?? '') },
      NetworkSettings: {
        Networks: {
          [spec.network ?? 'default']: { IPAddress: spec.address ?? '', GlobalIPv6Address: '' },
        },
        Ports: Object.fromEntries(
          (spec.ports ?? []).map((port) => {
            const hostPort = spec.published?.[port];
            const bindings = hostPort === undefined ? null : [{ HostIp: '0.0.0.0', HostPort: String(hostPort) }];
            return [`${String(port)}/tcp`, bindings];
          }),
        ),
      },
      Config: {
        Env: spec.environment ?? [],
        Labels: spec.labels ?? {},
        ...(spec.stopSignal === undefined ? {} : { StopSignal: spec.stopSignal }),
      },
    });
  }

  #subscribe(response: ServerResponse, query: URLSearchParams): void {
    if (this.ignoresSubscriptions) return;
    const { type: types, event: actions } = readFilters(query);
    const isWanted = (event: EngineRecord): boolean => {
      const action = String(event['Action']);
      // As the engine does: "health_status" stands for all of its kind.
      const isNamed = actions?.some((name) => action === name || action.startsWith(`${name}:`)) ?? true;
      return isNamed && (types?.includes(String(event['Type'])) ?? true);
    };
    const stream: Stream = { response, isWanted, isFrozen: false, held: Buffer.alloc(0) };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const since = query.get('since');
    if (since !== null) {
      for (const event of this.#events) if (Number(event['timeNano']) >= Number(since) * 1e9) this.#send(stream, event);
    }
    if (query.has('until') && Number(query.get('until')) * 1000 <= Date.now() - this.clockBehindMs + 2000) {
      response.end();
      return;
    }
    this.#streams.push(stream);
    response.on('close', () => {
      this.#streams = this.#streams.filter((other) => other !== stream);
    });
  }
}

const dockerVersion = { Version: '29.0.0', ApiVersion: '1.52', Components: [{ Name: 'Engine', Version: '29.0.0' }] };
/** As 4.3.1 of Debian 12 answers. */
const podmanVersion = {
  Components: [{ Name: 'Podman Engine', Version: '4.3.1' }, { Name: 'Conmon' }, { Name: 'OCI Runtime (runc)' }],
  Version: '4.3.1',
  ApiVersion: '1.41',
};

/** As engines do where the image has no such program: attached first, then told in the program's stead. */
function refuseShell(socket: Duplex): void {
  const why = Buffer.from('OCI runtime exec failed: exec: "sh": executable file not found in $PATH: unknown\r\n');
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, why.length]);
  // What the client still says is nobody's; its end must be noticed all the same.
  socket.resume();
  socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
  socket.end(Buffer.concat([header, why]));
}

function containerEvent(
  action: string,
  id: string,
  { name, labels }: ContainerSpec,
  attributes: Readonly<Record<string, string>> = {},
): EngineRecord {
  return { Type: 'container', Action: action, Actor: { ID: id, Attributes: { name, ...labels, ...attributes } } };
}

function toListed(id: string, spec: ContainerSpec): EngineRecord {
  const { name, labels = {}, state = 'running', status = 'Up 5 seconds', address = '', network = 'default' } = spec;
  return {
    Id: id,
    Names: [`/${name}`],
    Created: 1_700_000_000,
    State: state,
    Status: status,
    Labels: labels,
    NetworkSettings: { Networks: { [network]: { IPAddress: address, GlobalIPv6Address: '' } } },
    Ports: (spec.ports ?? []).map((PrivatePort) => {
      const PublicPort = spec.published?.[PrivatePort];
      return { PrivatePort, Type: 'tcp', ...(PublicPort === undefined ? {} : { IP: '0.0.0.0', PublicPort }) };
    }),
  };
}

/** The health that the list tells in words, as `inspect` has it. */
function readHealth(status: string): EngineRecord {
  const word = /\((?:health: )?(healthy|unhealthy|starting)\)/.exec(status)?.[1];
  return word === undefined ? {} : { Health: { Status: word } };
}
