import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readFilters, respond } from './api-answer.ts';
import type { Filters } from './api-answer.ts';
import type { FakeSwarm } from './fake-swarm.ts';
import { fakeVersion, toNetworkJson, toNodeJson, toServiceJson, toTaskJson } from './swarm-json.ts';
import type { FakeTask } from './swarm-json.ts';

/** What was asked of one path so far. */
export interface Asked {
  readonly calls: number;
  /** Of the answers' bodies. */
  readonly bytes: number;
}

/** What an answer is instead. */
export interface Failure {
  readonly status: number;
  readonly message: string;
}

/** As engine 20.10 says it, at once, when it has been without a leader for some seconds. */
export const noLeader: Failure = {
  status: 500,
  message:
    "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online. Make sure more than half of the managers are online.",
};

/** As workers say it. */
export const noManager: Failure = {
  status: 503,
  message:
    "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please run this command on a manager node or promote the current node to a manager.",
};

interface Stream {
  readonly response: ServerResponse;
  readonly filters: Filters;
}

/** What takes a quorum. The rest is answered all the same. */
const swarmPaths: ReadonlySet<string> = new Set(['/tasks', '/services', '/nodes']);

/** The Docker API of a manager as a real HTTP server, on a Unix socket or a TCP port, of a `FakeSwarm`. */
export class FakeManager {
  readonly swarm: FakeSwarm;
  readonly #directory = mkdtempSync(join(tmpdir(), 'lbwatch-manager-'));
  readonly #tcpPort: number | undefined;
  readonly #asked = new Map<string, Asked>();
  readonly #texts = new WeakMap<FakeTask, string>();
  readonly #waiting = new Set<() => void>();
  #lastList: { readonly key: string; readonly body: Buffer } | undefined;
  #streams: readonly Stream[] = [];
  #server: Server | undefined;

  /** What `/tasks`, `/services` and `/nodes` are answered with instead. */
  failure: Failure | undefined;
  /** Nothing is answered until it is false again. */
  isStalled = false;
  /** How long a list of tasks takes, for each task that is looked at: the work of a real manager, which this one does not do. */
  msPerTask = 0;

  /** @param tcpPort listens on this port of 127.0.0.1 and not on a socket */
  constructor(swarm: FakeSwarm, tcpPort?: number) {
    this.swarm = swarm;
    this.#tcpPort = tcpPort;
    swarm.onEvent = (event) => {
      for (const { response, filters } of this.#streams) {
        if (isAllowed(filters, 'type', event['Type']) && isAllowed(filters, 'event', event['Action'])) {
          this.#count('/events', 0, response, `${JSON.stringify(event)}\n`);
        }
      }
    };
  }

  /** What DOCKER_HOST is set to. */
  get host(): string {
    return this.#tcpPort === undefined
      ? `unix://${join(this.#directory, 'docker.sock')}`
      : `tcp://127.0.0.1:${String(this.#tcpPort)}`;
  }

  /** Event streams that are open now. */
  get openStreams(): number {
    return this.#streams.length;
  }

  /** What was asked so far: of a path such as `/tasks`, or of all. */
  asked(path?: string): Asked {
    if (path !== undefined) return this.#asked.get(path) ?? { calls: 0, bytes: 0 };
    return [...this.#asked.values()].reduce((sum, { calls, bytes }) => ({
      calls: sum.calls + calls,
      bytes: sum.bytes + bytes,
    }));
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : undefined);
      });
    });
    this.#server = server;
    if (this.#tcpPort === undefined) server.listen(join(this.#directory, 'docker.sock'));
    else server.listen(this.#tcpPort, '127.0.0.1');
    await once(server, 'listening');
  }

  /** The manager goes away; the Swarm goes on. */
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
    this.swarm.stop();
    this.isStalled = false;
    for (const cancel of this.#waiting) cancel();
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** All event streams break. */
  cutStreams(): void {
    for (const { response } of this.#streams) response.destroy();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://manager');
    const path = url.pathname.replace(/^\/+(?:v1\.\d+\/)?/, '/');
    while (this.isStalled) await this.#wait(20);
    if (response.destroyed) return;
    if (this.failure !== undefined && swarmPaths.has(path)) {
      this.#count(path, 1, response);
      respond(response, this.failure.status, { message: this.failure.message });
      return;
    }
    const filters = readFilters(url.searchParams);
    switch (path) {
      case '/_ping':
        this.#count(path, 1, response, 'OK');
        response.end();
        return;
      case '/events':
        this.#subscribe(response, filters);
        return;
      case '/tasks':
        await this.#listTasks(response, filters);
        return;
      default: {
        const body = this.#describe(path, filters);
        if (body === undefined) respond(response, 404, { message: 'page not found' });
        else this.#send(path, response, JSON.stringify(body));
      }
    }
  }

  #describe(path: string, filters: Filters): unknown {
    const isNamed = ({ name, id }: { readonly name: string; readonly id: string }): boolean =>
      filters['name']?.some((start) => name.startsWith(start)) ?? filters['id']?.includes(id) ?? true;
    switch (path) {
      case '/version':
        return fakeVersion;
      case '/info':
        return {
          Swarm: { LocalNodeState: 'active', ControlAvailable: true, Error: '', Nodes: this.swarm.nodes.length },
        };
      case '/services':
        return this.swarm.services.filter(isNamed).map(toServiceJson);
      case '/nodes':
        return this.swarm.nodes.filter(isNamed).map(toNodeJson);
      case '/networks':
        return [toNetworkJson()];
      default:
        return undefined;
    }
  }

  async #listTasks(response: ServerResponse, filters: Filters): Promise<void> {
    const wrong = filters['desired-state']?.find((state) => !taskStates.has(state));
    if (wrong !== undefined) {
      this.#count('/tasks', 1, response);
      respond(response, 500, { message: `Invalid desired-state filter: '${wrong}'` });
      return;
    }
    const unknown = filters['service']?.find((wanted) => !this.swarm.services.some((one) => isCalled(one, wanted)));
    if (unknown !== undefined) {
      this.#count('/tasks', 1, response);
      respond(response, 404, { message: `service ${unknown} not found` });
      return;
    }
    const key = `${String(this.swarm.version)} ${JSON.stringify(filters)}`;
    if (this.#lastList?.key !== key) this.#lastList = { key, body: this.#render(filters) };
    const { body } = this.#lastList;
    // Tasks are found by their service; any other filter looks at all of them.
    const costMs = this.msPerTask * this.swarm.tasks.filter(({ service }) => isOfService(service, filters)).length;
    if (costMs > 0) await this.#wait(costMs);
    this.#send('/tasks', response, body);
  }

  #render(filters: Filters): Buffer {
    const listed = this.swarm.tasks.filter(
      ({ desired, service }) => isAllowed(filters, 'desired-state', desired) && isOfService(service, filters),
    );
    return Buffer.from(`[${listed.map((task) => this.#textOf(task)).join(',')}]\n`);
  }

  /** Of a task that has not changed there is one already. */
  #textOf(task: FakeTask): string {
    const known = this.#texts.get(task);
    if (known !== undefined) return known;
    const text = JSON.stringify(toTaskJson(task));
    this.#texts.set(task, text);
    return text;
  }

  #subscribe(response: ServerResponse, filters: Filters): void {
    this.#count('/events', 1, response);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const stream = { response, filters };
    this.#streams = [...this.#streams, stream];
    response.on('close', () => {
      this.#streams = this.#streams.filter((other) => other !== stream);
    });
  }

  #send(path: string, response: ServerResponse, body: string | Buffer): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    this.#count(path, 1, response, body);
    response.end();
  }

  #count(path: string, calls: number, response: ServerResponse, body: string | Buffer = ''): void {
    const before = this.asked(path);
    this.#asked.set(path, { calls: before.calls + calls, bytes: before.bytes + Buffer.byteLength(body) });
    if (body.length > 0) response.write(body);
  }

  /** Ends early when the manager is removed. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiting.add(done);
    });
  }
}

/** What a task can be meant to become (swarmkit, `TaskState`). */
const taskStates: ReadonlySet<string> = new Set(
  'new pending assigned accepted preparing ready starting running complete shutdown failed rejected remove orphaned'.split(
    ' ',
  ),
);

function isAllowed(filters: Filters, name: string, value: unknown): boolean {
  return filters[name]?.includes(String(value)) ?? true;
}

function isOfService(service: FakeTask['service'], filters: Filters): boolean {
  return filters['service']?.some((wanted) => isCalled(service, wanted)) ?? true;
}

function isCalled({ name, id }: { readonly name: string; readonly id: string }, wanted: string): boolean {
  return name === wanted || id.startsWith(wanted);
}
