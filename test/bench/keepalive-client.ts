import { connect } from 'node:net';
import type { Socket } from 'node:net';

/**
 * Sends one request after another over one connection, and opens the next where the server closes it in time: before a
 * request was sent, or with `Connection: close`.
 */
export class KeepaliveClient {
  answers = 0;
  /** Requests whose connection ended before their answer began. */
  resets = 0;
  readonly #port: number;
  readonly #ended: Promise<void>;
  #isStopping = false;

  constructor(port: number) {
    this.#port = port;
    this.#ended = this.#run();
  }

  /** Resolves when the request under way has been answered. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) await this.#useConnection();
  }

  #useConnection(): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: this.#port });
      let isWaiting = false;
      let text = '';
      const send = (): void => {
        isWaiting = true;
        text = '';
        socket.write('GET / HTTP/1.1\r\nHost: site\r\n\r\n');
      };
      socket.on('connect', send);
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        if (!text.endsWith('ok\n')) return;
        isWaiting = false;
        this.answers += 1;
        if (this.#isStopping || /^connection: close/im.test(text)) socket.end();
        else this.#later(socket, send);
      });
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        if (isWaiting) this.resets += 1;
        resolve();
      });
    });
  }

  /** In a turn of its own, so that a close that has arrived already is seen before the next request. */
  #later(socket: Socket, send: () => void): void {
    setImmediate(() => {
      if (socket.writable && !socket.readableEnded) send();
    });
  }
}
