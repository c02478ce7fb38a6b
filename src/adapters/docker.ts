import { Agent } from 'node:http';
import { Socket } from 'node:net';
import { pipeline as pipe } from 'node:stream';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import Docker from 'dockerode';
import split from 'split2';

import { needsPortVariable } from '../core/address.ts';
import { hasPoolLabel } from '../core/labels.ts';
import type { Container, PublishedPort } from '../core/model.ts';
import { AppError } from '../loop/ports.ts';
import type { Engine, EngineCall, EngineCallResult, EngineEvent, EventStream, Subscription } from '../loop/ports.ts';
import { readDockerHost } from './docker-host.ts';
import type { DockerHost } from './docker-host.ts';
import {
  isPodman,
  toEngineEvent,
  toEngineVersion,
  toInspected,
  toInspectedPublishedPorts,
  toListed,
  toListedPorts,
  toPortVariable,
  toProcesses,
  toStartedAt,
  toStopSignal,
} from './docker-map.ts';
import type { EngineVersion, Process } from './docker-map.ts';
import { openAnswer } from './docker-answer.ts';
import { describeEngineError } from './engine-error.ts';
import { FrameReader } from './exec-frames.ts';
import { NoShell } from './exec.ts';
import type { Connection, ExecResult, Execution } from './exec.ts';
import type { Machine } from './machine.ts';
import { JsonElements } from './json-elements.ts';

/**
 * Only what changes membership: each health probe alone makes three exec events. Podman filters by its own names, `died`
 * and `remove`, for what it may then tell as `die` and what Docker calls `destroy`.
 */
const lifeEvents = ['start', 'die', 'died', 'stop', 'kill', 'pause', 'unpause', 'destroy', 'remove'];
const containerEvents = [...lifeEvents, 'create', 'rename', 'health_status'];
const networkEvents = ['connect', 'disconnect'];

/** Which events are subscribed to, and how their lines are read. */
interface Interest {
  readonly filters: Record<string, string[]>;
  readonly parse: (line: unknown) => EngineEvent | undefined;
}

const ofContainers: Interest = {
  filters: { type: ['container', 'network'], event: [...containerEvents, ...networkEvents] },
  parse: toEngineEvent,
};

/** For the whole of an answer, whatever part of it is missing; the event stream, which has no end, has times of its own. */
const callTimeoutMs = 10_000;
/** The engine replays 256 events at most, out of its memory. */
const replayTimeoutMs = 2000;

/** Forbidden or unknown: how a socket proxy, or an engine without it, answers for as long as it runs. */
const refusals: ReadonlySet<unknown> = new Set([401, 403, 404, 405, 501]);

/** The Docker Engine API through dockerode. No API version is pinned: engine 29 refuses old ones. */
export class DockerEngine implements Engine, EventStream {
  /** How long a call may take. A pass waits for no call that a half-dead socket has swallowed. */
  callTimeoutMs = callTimeoutMs;
  readonly #host: DockerHost;
  readonly #docker: Docker;
  readonly #noteCall: (call: EngineCall, result: EngineCallResult) => void;
  readonly #machine: Machine | undefined;
  /** A container's environment never changes after creation. */
  readonly #portVariables = new Map<string, number | undefined>();
  /** It stays the same for the life of this process. */
  #isDocker: boolean | undefined;

  /**
   * Throws an AppError where what the environment says of the engine is wrong, which `host` may be as well.
   *
   * @param noteCall told of each call when it has ended
   * @param machine where its containers are, unless that is here
   */
  constructor(
    host: DockerHost | string = readDockerHost(process.env),
    noteCall: (call: EngineCall, result: EngineCallResult) => void = () => undefined,
    machine?: Machine,
  ) {
    this.#machine = machine;
    this.#noteCall = noteCall;
    if (typeof host === 'string') throw new AppError('engine', host);
    this.#host = host;
    this.#docker = new Docker(toOptions(host));
  }

  async listContainers(): Promise<readonly Container[]> {
    const address = await this.#resolve();
    const listed = await this.#call('list', 'list containers', (abortSignal) =>
      this.#readList('/containers/json?', { all: true }, abortSignal, (element) =>
        this.#place(toListed(element), address, () => toListedPorts(element)),
      ),
    );
    const listsAll = !listed.some(isServing) || (await this.#asksDocker());
    const containers = await Promise.all(
      listed.map((container) =>
        listsAll ? this.#addPortVariable(container) : this.#inspectServing(container, address),
      ),
    );
    this.#forgetAllBut(new Set(containers.map(({ id }) => id)));
    return containers;
  }

  async inspectContainers(ids: readonly string[]): Promise<readonly Container[]> {
    const [address, ...infos] = await Promise.all([this.#lastAddress(), ...ids.map((id) => this.#inspect(id))]);
    return infos.flatMap((info) => (info === undefined ? [] : [this.#toInspected(info, address)]));
  }

  async listEvents(sinceS: number): Promise<readonly EngineEvent[]> {
    return this.#call('replay', 'read the events of the near past', async (abortSignal) => {
      const stream = await this.#docker.getEvents({
        filters: { type: ['container'], event: ['kill', 'die', 'died', 'start'] },
        since: sinceS,
        // A moment that has passed ends the stream with the replay; it may have fractions (moby, `ParseTimestamps`).
        until: Date.now() / 1000,
        abortSignal,
      });
      const events: EngineEvent[] = [];
      const lines = splitLines();
      lines.on('data', (line: unknown) => {
        const event = toEngineEvent(line);
        if (event !== undefined) events.push(event);
      });
      // Where the engine's clock is behind ours, that moment may be hours away; the replay itself comes at once.
      const isLate = AbortSignal.timeout(replayTimeoutMs);
      await pipeline(stream, lines, { signal: isLate }).catch((error: unknown) => {
        if (!isLate.aborted) throw error;
      });
      return events;
    });
  }

  async readStopSignal(containerId: string): Promise<number | undefined> {
    const info = await this.#inspect(containerId);
    return info === undefined ? undefined : toStopSignal(info);
  }

  async readStartedAt(containerId: string): Promise<number | undefined> {
    const info = await this.#inspect(containerId);
    return info === undefined ? undefined : toStartedAt(info.State);
  }

  /** `GET /_ping`. */
  async ping(): Promise<void> {
    await this.#call('ping', 'ping', () => this.#docker.ping());
  }

  /** `GET /version`. */
  async readVersion(): Promise<EngineVersion> {
    return toEngineVersion(await this.#call('version', 'ask for the version', () => this.#docker.version()));
  }

  /**
   * A list that a manager has of its Swarm, each element as it is read: `GET /tasks`, `/services` or `/nodes`. Undefined where
   * a service that the filters name is not there.
   */
  listSwarm<T>(
    what: 'tasks' | 'services' | 'nodes',
    filters: Readonly<Record<string, readonly string[]>>,
    read: (element: unknown) => T,
  ): Promise<readonly T[] | undefined> {
    return this.#call(what, `list the ${what} of the Swarm`, async (abortSignal) => {
      try {
        return await this.#readList(`/${what}?`, { filters: JSON.stringify(filters) }, abortSignal, read);
      } catch (error) {
        if (Object.hasOwn(filters, 'service') && statusCode(error) === 404) return undefined;
        throw error;
      }
    });
  }

  /** Reads fast and leaves the work to the caller: the engine drops events of slow readers. */
  async subscribe(subscription: Subscription, { filters, parse }: Interest = ofContainers): Promise<void> {
    const stream = await this.#call('events', 'subscribe to events', () =>
      this.#docker.getEvents({
        filters,
        abortSignal: subscription.signal,
        ...(subscription.sinceS === undefined ? {} : { since: subscription.sinceS }),
      }),
    );
    subscription.onOpen();
    const lines = splitLines();
    lines.on('data', (line: unknown) => {
      const event = parse(line);
      if (event !== undefined) subscription.onEvent(event);
    });
    await pipeline(stream, lines, { signal: subscription.signal });
  }

  async listProcesses(containerId: string): Promise<readonly Process[]> {
    const top = await this.#call('top', 'list the processes of nginx', (abortSignal): Promise<unknown> =>
      this.#docker.getContainer(containerId).top({ ps_args: '-eo pid,args', abortSignal }),
    );
    return toProcesses(top);
  }

  async signal(containerId: string, signal: string): Promise<void> {
    await this.#call('signal', `send ${signal} to nginx`, (abortSignal) =>
      this.#docker.getContainer(containerId).kill({ signal, abortSignal }),
    );
  }

  async exec(containerId: string, command: readonly string[]): Promise<ExecResult> {
    const what = `run "${command.join(' ')}" in nginx's container`;
    return this.#call('exec', what, async (abortSignal) => {
      // With a terminal the two streams come as one plain text.
      const exec = await this.#docker
        .getContainer(containerId)
        .exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true, Tty: true, abortSignal });
      const stream = await exec.start({ Tty: true, abortSignal });
      let output = '';
      for await (const chunk of stream) output += String(chunk);
      const { ExitCode } = await exec.inspect({ abortSignal });
      return { exitCode: ExitCode ?? -1, output: output.replaceAll('\r\n', '\n') };
    });
  }

  /** Starts a command in a container and stays attached to it, without being kept alive by it. */
  async begin(containerId: string, command: readonly string[]): Promise<Execution> {
    return this.#call('exec', `start "${command.join(' ')}" in nginx's container`, async (abortSignal) => {
      const exec = await this.#docker
        .getContainer(containerId)
        .exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true, Tty: true, abortSignal });
      // A signal that ends by itself would end the open connection, too.
      const stream = await exec.start({ hijack: true, stdin: true, Tty: true });
      if (stream instanceof Socket) stream.unref();
      return {
        output: stream,
        readExitCode: async () => (await exec.inspect()).ExitCode ?? -1,
        close: () => stream.destroy(),
      };
    });
  }

  /**
   * Starts a shell in a container and stays attached to it. Whether there is one to start shows when it answers.
   *
   * Throws {@link NoShell}.
   */
  async openShell(containerId: string): Promise<Connection> {
    // A signal that ends by itself would end the open connection, too.
    const opening = new AbortController();
    const timer = setTimeout(() => {
      opening.abort();
    }, this.callTimeoutMs);
    try {
      const attach = { AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: false };
      const exec = await this.#docker
        .getContainer(containerId)
        .exec({ Cmd: ['sh'], ...attach, abortSignal: opening.signal });
      const stream = await exec.start({ hijack: true, stdin: true, Tty: false, abortSignal: opening.signal });
      const output = new FrameReader();
      pipe(stream, output, () => {
        stream.destroy();
      });
      this.#noteCall('shell', 'ok');
      return {
        input: stream,
        output,
        close: () => stream.destroy(),
        hold: (isHeld) => {
          if (!(stream instanceof Socket)) return;
          if (isHeld) stream.ref();
          else stream.unref();
        },
      };
    } catch (error) {
      this.#noteCall('shell', resultOf(error));
      const isLasting = refusals.has(statusCode(error));
      throw new NoShell(describeEngineError(error, this.#host.name), isLasting, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** One by one as they come: a list of thousands, read as a whole, makes a peak that memory never comes down from. */
  async #readList<T>(
    path: string,
    options: object,
    abortSignal: AbortSignal,
    read: (element: unknown) => T,
  ): Promise<readonly T[]> {
    const answer = await openAnswer(this.#docker, path, options, abortSignal);
    const elements = new JsonElements();
    const list: T[] = [];
    const take = async (pieces: AsyncIterable<Buffer>): Promise<void> => {
      for await (const piece of pieces) for (const element of elements.take(piece)) list.push(read(element));
      elements.end();
    };
    await pipeline(answer, take, { signal: abortSignal });
    return list;
  }

  /** Whether the list tells all that the engine knows. Podman's lacks health, and ports that are not published. */
  async #asksDocker(): Promise<boolean> {
    this.#isDocker ??= await this.#call('version', 'ask which engine it is', async () => {
      try {
        return !isPodman(await this.#docker.version());
      } catch (error) {
        // A proxy that lets nobody ask: most engines are Docker's.
        if (refusals.has(statusCode(error))) return true;
        throw error;
      }
    });
    return this.#isDocker;
  }

  /** Its event follows where it vanished since it was listed. */
  async #inspectServing(container: Container, address: string | undefined): Promise<Container> {
    if (!isServing(container)) return container;
    const info = await this.#inspect(container.id);
    return info === undefined ? container : this.#toInspected(info, address);
  }

  #toInspected(info: Docker.ContainerInspectInfo, address: string | undefined): Container {
    return this.#place(toInspected(info), address, () => toInspectedPublishedPorts(info));
  }

  /** Says of a container on another machine where that is. */
  #place(container: Container, address: string | undefined, readPorts: () => readonly PublishedPort[]): Container {
    if (this.#machine === undefined || address === undefined) return container;
    return { ...container, node: this.#machine.name, published: { address, ports: readPorts() } };
  }

  /** The machine's address, looked up anew. */
  async #resolve(): Promise<string | undefined> {
    try {
      return await this.#machine?.resolve();
    } catch (error) {
      throw new AppError('engine', describeEngineError(error, this.#host.name), { cause: error });
    }
  }

  async #lastAddress(): Promise<string | undefined> {
    return this.#machine?.lastAddress ?? (await this.#resolve());
  }

  async #addPortVariable(container: Container): Promise<Container> {
    if (!isServing(container) || !needsPortVariable(container)) return container;
    if (!this.#portVariables.has(container.id)) {
      this.#portVariables.set(container.id, toPortVariable((await this.#inspect(container.id))?.Config.Env));
    }
    return { ...container, portVariable: this.#portVariables.get(container.id) };
  }

  async #inspect(containerId: string): Promise<Docker.ContainerInspectInfo | undefined> {
    return this.#call('inspect', 'inspect a container', async (abortSignal) => {
      try {
        const info = await this.#docker.getContainer(containerId).inspect({ abortSignal });
        // What is no JSON, such as an answer that was cut on the way, comes as the bytes that it is.
        if (!Object.hasOwn(info, 'Id')) throw new Error('the answer is no JSON');
        return info;
      } catch (error) {
        // It vanished since it was listed; its event follows.
        if (statusCode(error) === 404) return undefined;
        throw error;
      }
    });
  }

  #forgetAllBut(ids: ReadonlySet<string>): void {
    for (const id of this.#portVariables.keys()) if (!ids.has(id)) this.#portVariables.delete(id);
  }

  /** Comes to an end in time, whether or not what is called heeds the signal. */
  async #call<T>(kind: EngineCall, what: string, call: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    const calling = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const isLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const late = Object.assign(new Error('no answer in time'), { name: 'TimeoutError' });
        calling.abort(late);
        reject(late);
      }, this.callTimeoutMs);
    });
    try {
      const answer = await Promise.race([call(calling.signal), isLate]);
      this.#noteCall(kind, 'ok');
      return answer;
    } catch (error) {
      this.#noteCall(kind, resultOf(error));
      throw new AppError('engine', `cannot ${what}: ${describeEngineError(error, this.#host.name)}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

function isServing(container: Container): boolean {
  return container.state === 'running' && hasPoolLabel(container);
}

/** Without any, dockerode looks for the default socket; a client's folder may have one of its own. */
function toOptions({ socketPath, tcp }: DockerHost): Docker.DockerOptions & { readonly agent?: Agent } {
  if (socketPath !== undefined) return { socketPath };
  if (tcp === undefined) return {};
  const { host, port, tls } = tcp;
  if (tls !== undefined) return { protocol: 'https', host, port, ...tls };
  // A connection that is kept may lead to a machine that is gone, where a new one goes to the next address of that name.
  return { protocol: 'http', host, port, agent: new Agent({ keepAlive: false }) };
}

function resultOf(error: unknown): EngineCallResult {
  if (refusals.has(statusCode(error))) return 'refused';
  // Nothing is aborted but what has lasted too long, and the event stream at the end of lbwatch.
  const isLate = error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
  return isLate ? 'timeout' : 'error';
}

function statusCode(error: unknown): unknown {
  return error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
}

/** JSON lines as values. */
function splitLines(): Transform {
  return split((line: string): unknown => (line === '' ? undefined : parseJson(line)));
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // A line cut by a broken stream; the reconnect lists everything again.
    return undefined;
  }
}
