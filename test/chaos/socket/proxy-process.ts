/**
 * A process between lbwatch and the engine's socket, started by `proxy.ts`: passes bytes on in both directions, hijacked
 * connections too, and misbehaves when told to. Arguments: the socket it listens on, the engine's.
 */
import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

import { EventChunks, retime } from './event-chunks.ts';
import { isOrder } from './modes.ts';
import type { Done, Mode } from './modes.ts';

const lateByMs = 300;
const repeats = 5;
const multiples = 50;
const refusal = '{"message":"out of order"}';

/** One connection of lbwatch's, and the one to the engine that belongs to it. */
interface Pair {
  readonly client: Socket;
  readonly engine: Socket;
  /** Set once it is to hear nothing any more. */
  isFrozen: boolean;
}

class SocketProxy {
  readonly #path: string;
  readonly #enginePath: string;
  readonly #pairs = new Set<Pair>();
  /** Accepted while frozen: they are never served. */
  readonly #orphans = new Set<Socket>();
  #server: Server | undefined;
  #mode: Mode = 'pass';
  forwarded = 0;

  constructor(path: string, enginePath: string) {
    this.#path = path;
    this.#enginePath = enginePath;
  }

  async turn(mode: Mode): Promise<void> {
    this.#mode = mode;
    if (mode === 'freeze') for (const pair of this.#pairs) pair.isFrozen = true;
    if (mode === 'gone') {
      this.#server?.close();
      this.#server = undefined;
      this.cut();
      rmSync(this.#path, { force: true });
    } else if (this.#server === undefined) await this.#listen();
  }

  /** Breaks everything that is open. */
  cut(): void {
    for (const { client, engine } of this.#pairs) {
      client.destroy();
      engine.destroy();
    }
    for (const socket of this.#orphans) socket.destroy();
  }

  #listen(): Promise<void> {
    rmSync(this.#path, { force: true });
    const server = createServer({ allowHalfOpen: true }, (client) => {
      this.#accept(client);
    });
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.on('error', reject).listen(this.#path, () => {
        chmodSync(this.#path, 0o666);
        resolve();
      });
    });
  }

  #accept(client: Socket): void {
    client.on('error', () => client.destroy());
    if (this.#mode === 'close') {
      client.destroy();
      return;
    }
    if (this.#mode === 'freeze') {
      this.#orphans.add(client);
      client.on('close', () => this.#orphans.delete(client));
      return;
    }
    const engine = connect({ path: this.#enginePath, allowHalfOpen: true });
    const pair: Pair = { client, engine, isFrozen: false };
    this.#pairs.add(pair);
    engine.on('error', () => engine.destroy());
    client.on('close', () => {
      engine.destroy();
      this.#pairs.delete(pair);
    });
    engine.on('close', () => {
      // What it said last still has to arrive.
      if (!pair.isFrozen) client.end();
    });
    let events: EventChunks | undefined;
    let isStream = false;
    client.on('data', (data) => {
      if (client.writableEnded) return;
      const head = data.toString('latin1', 0, 300);
      // A connection is used for one request after the other, until it becomes a stream.
      if (/^(?:GET|POST|HEAD|DELETE) /.test(head)) {
        const isEvents = /^GET \S*\/events\?/.test(head);
        events = isEvents ? new EventChunks() : undefined;
        isStream = isEvents || /^POST \S*\/exec\/\w+\/start/.test(head);
      }
      if (this.#mode === 'fail' && (!isStream || /^(?:GET|POST) /.test(head))) {
        client.end(
          `HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: ${String(refusal.length)}\r\nConnection: close\r\n\r\n${refusal}`,
        );
        engine.destroy();
        return;
      }
      this.#pass(pair, engine, data);
    });
    client.on('end', () => {
      if (!pair.isFrozen) engine.end();
    });
    engine.on('data', (data) => {
      if (events === undefined) this.#pass(pair, client, data);
      else for (const { kind, bytes } of events.push(data)) this.#passEvent(pair, kind, bytes);
    });
    engine.on('end', () => {
      if (!pair.isFrozen) client.end();
    });
  }

  #pass(pair: Pair, to: Socket, data: Buffer): void {
    if (pair.isFrozen) return;
    if (this.#mode !== 'slow') to.write(data);
    else {
      setTimeout(() => {
        if (!pair.isFrozen && to.writable) to.write(data);
      }, lateByMs);
    }
  }

  #passEvent(pair: Pair, kind: 'head' | 'event', bytes: Buffer): void {
    if (kind === 'head') {
      this.#pass(pair, pair.client, bytes);
      return;
    }
    if (this.#mode === 'drop events') return;
    const times = this.#mode === 'repeat events' ? repeats : this.#mode === 'multiply events' ? multiples : 1;
    for (let n = 0; n < times; n += 1) {
      this.#pass(pair, pair.client, this.#mode === 'multiply events' ? retime(bytes, n) : bytes);
    }
    this.forwarded += times;
  }
}

const [, , path = '', enginePath = ''] = process.argv;
const proxy = new SocketProxy(path, enginePath);
await proxy.turn('pass');
process.on('message', (order: unknown) => {
  if (!isOrder(order)) throw new TypeError('no order of ours');
  if (order.kind === 'mode') void proxy.turn(order.mode).then(report);
  else {
    proxy.cut();
    report();
  }
});
// Whoever started us has gone.
process.on('disconnect', () => process.exit(0));
report();

function report(): void {
  const done: Done = { kind: 'done', forwarded: proxy.forwarded };
  process.send?.(done);
}
