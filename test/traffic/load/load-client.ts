import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import type { LoadPlan } from './send-at-rate.ts';
import type { SentRequest } from './sent-request.ts';
import type { Told } from './worker.ts';

/** The load, sent by a thread of its own until it is stopped. */
export class LoadClient {
  readonly #sent: SentRequest[] = [];
  readonly #worker: Worker;
  readonly #begun: Promise<void>;
  readonly #ended: Promise<void>;

  private constructor() {
    this.#worker = new Worker(fileURLToPath(new URL('worker.ts', import.meta.url)));
    this.#begun = this.#hear('begun');
    this.#ended = this.#hear('end');
    this.#worker.on('message', (told: Told) => {
      if (told.kind === 'sent') this.#sent.push(...told.requests);
    });
    // Heard by stop(); until then nobody waits for it.
    this.#ended.catch(() => undefined);
  }

  /** Resolves when the first request is about to be sent. */
  static async start(plan: LoadPlan): Promise<LoadClient> {
    const client = new LoadClient();
    client.#worker.postMessage(plan);
    await client.#begun;
    return client;
  }

  /** The requests that are over, as far as is known now; a tenth of a second late. */
  get sent(): readonly SentRequest[] {
    return this.#sent;
  }

  /** Sends no more. Resolves when the last request is over; throws where the thread broke. */
  async stop(): Promise<readonly SentRequest[]> {
    this.#worker.postMessage('stop');
    try {
      await this.#ended;
    } finally {
      await this.#worker.terminate();
    }
    return this.#sent;
  }

  #hear(kind: Told['kind']): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#worker.on('message', (told: Told) => {
        if (told.kind === kind) resolve();
      });
      this.#worker.on('error', reject);
      this.#worker.on('exit', (code) => {
        reject(new Error(`the client's thread ended by itself with code ${String(code)}`));
      });
    });
  }
}
