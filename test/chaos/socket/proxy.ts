import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { isDone } from './modes.ts';
import type { Mode, Order } from './modes.ts';

const program = fileURLToPath(new URL('proxy-process.ts', import.meta.url));

/** The process between lbwatch and the engine's socket, and how it is told what to do. */
export class Proxy {
  readonly #process: ChildProcess;
  /** Events passed on so far, as of the latest order. */
  forwarded = 0;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  /** Resolves when it listens. */
  static async start(path: string, enginePath: string): Promise<Proxy> {
    const proxy = new Proxy(fork(program, [path, enginePath], { execArgv: [] }));
    await proxy.#answer();
    return proxy;
  }

  /** Resolves when it behaves so. */
  turn(mode: Mode): Promise<void> {
    return this.#order({ kind: 'mode', mode });
  }

  /** Breaks all connections that are open. */
  cut(): Promise<void> {
    return this.#order({ kind: 'cut' });
  }

  stop(): void {
    if (this.#process.connected) this.#process.disconnect();
  }

  async #order(order: Order): Promise<void> {
    this.#process.send(order);
    await this.#answer();
  }

  async #answer(): Promise<void> {
    const ended = new AbortController();
    const onEnd = (): void => {
      ended.abort(new Error('the socket proxy has ended'));
    };
    this.#process.once('exit', onEnd);
    try {
      const messages: readonly unknown[] = await once(this.#process, 'message', { signal: ended.signal });
      const answer = messages[0];
      if (isDone(answer)) this.forwarded = answer.forwarded;
    } finally {
      this.#process.off('exit', onEnd);
    }
  }
}
