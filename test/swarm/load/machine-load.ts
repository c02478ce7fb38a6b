import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import type { SentRequest } from '../../traffic/load/sent-request.ts';
import type { Machine } from '../lab/machine.ts';

const program = fileURLToPath(new URL('load-process.ts', import.meta.url));

/** Clients on a machine of the lab, who ask what listens there. */
export class MachineLoad {
  readonly sent: SentRequest[] = [];
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #ended: Promise<unknown>;

  /** @param ratePerSecond sent whatever became of the requests before (an open loop) */
  constructor(machine: Machine, port: number, ratePerSecond: number) {
    const [command, ...words] = machine.onItsNetwork;
    const clients = [process.execPath, program, String(port), String(ratePerSecond)];
    this.#process = spawn(command, [...words, ...clients], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = once(this.#process, 'close');
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      this.sent.push(readRequest(line));
    });
  }

  /** Sends no more. Resolves when the last answer has come. */
  async stop(): Promise<readonly SentRequest[]> {
    this.#process.stdin.end();
    await this.#ended;
    return this.sent;
  }
}

/** What our own program has written. */
function readRequest(line: string): SentRequest {
  const request: unknown = JSON.parse(line);
  return request as SentRequest;
}
