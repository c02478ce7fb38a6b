import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What of an answer is swallowed: all of it, or all but its head. */
export type Part = 'answer' | 'body';

/**
 * A proxy before the engine's socket that goes dead as those do: connections stay open, new ones are accepted, and nothing
 * passes any more.
 */
export class FreezingProxy {
  readonly #directory = mkdtempSync(join(tmpdir(), 'lbwatch-proxy-'));
  readonly #path = join(this.#directory, 'docker.sock');
  readonly #engine: string;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #isFrozen = false;
  #swallowed: { readonly request: RegExp; readonly part: Part } | undefined;

  /** @param engine the path of the socket behind it */
  constructor(engine: string) {
    this.#engine = engine;
    this.#server = createServer((client) => {
      this.#serve(client);
    });
  }

  /** What DOCKER_HOST is set to. */
  get host(): string {
    return `unix://${this.#path}`;
  }

  async start(): Promise<void> {
    this.#server.listen(this.#path);
    await once(this.#server, 'listening');
  }

  /** From now on nothing passes. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** From now on nothing passes on connections that have made a request like this. */
  swallow(request: RegExp, part: Part): void {
    this.#swallowed = { request, part };
  }

  /** New connections are served again; the dead stay dead. */
  thaw(): void {
    this.#isFrozen = false;
    this.#swallowed = undefined;
  }

  async remove(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #serve(client: Socket): void {
    const engine = connect(this.#engine);
    let dead: Part | undefined;
    let isHeadSent = false;
    const isDead = (): boolean => {
      if (this.#isFrozen) dead ??= 'answer';
      return dead !== undefined;
    };
    for (const [socket, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        if (!isDead() || socket === client) other.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      const { request, part } = this.#swallowed ?? {};
      if (!isDead() && request?.test(chunk.toString()) === true) dead = part;
      if (dead !== 'answer') engine.write(chunk);
    });
    engine.on('data', (chunk: Buffer) => {
      if (!isDead()) client.write(chunk);
      else if (dead === 'body' && !isHeadSent) {
        isHeadSent = true;
        client.write(chunk.subarray(0, chunk.indexOf('\r\n\r\n') + 4));
      }
    });
  }
}
