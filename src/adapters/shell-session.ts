import { randomBytes } from 'node:crypto';

import { AppError } from '../loop/ports.ts';
import type { Connection, ExecResult } from './exec.ts';

/** More than any `nginx -T` that is worth reading. */
const maxOutputBytes = 32 * 1024 * 1024;
/** A line end, the marker, a blank, the exit code, a line end. */
const maxEndBytes = 64;

interface Pending {
  readonly end: RegExp;
  readonly settle: (result: ExecResult | AppError) => void;
  readonly onOutput: ((text: string) => void) | undefined;
}

/**
 * One life of a shell: one command at a time, each answer ended by a line that nobody can guess. After any failure the
 * session is over, since what is still to come could be taken for the answer to something else.
 */
export class ShellSession {
  readonly #connection: Connection;
  #chunks: Buffer[] = [];
  #receivedBytes = 0;
  #tail = '';
  #pending: Pending | undefined;
  #isOver = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.hold(false);
    connection.output.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
    });
    const onEnd = (): void => {
      this.#fail('it ended');
    };
    connection.output.on('end', onEnd).on('close', onEnd);
    connection.output.on('error', (error: Error) => {
      this.#fail(error.message);
    });
    // The output ends as well, and may have a better reason to tell.
    connection.input.on('error', () => undefined);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What has been printed and is no answer: the reason, where no shell could be started. */
  get rest(): string {
    return Buffer.concat(this.#chunks).toString('utf8').trim();
  }

  /** Runs a command; rejects with an AppError where the shell ends, does not answer in time or prints too much. */
  run(script: string, timeoutMs: number, onOutput?: (text: string) => void): Promise<ExecResult> {
    return new Promise((resolve, reject) => {
      if (this.#isOver || this.#pending !== undefined) {
        reject(new AppError('nginx', `the shell in nginx's container ${this.#isOver ? 'has ended' : 'is busy'}`));
        return;
      }
      const marker = randomBytes(16).toString('hex');
      const timer = setTimeout(() => {
        this.#fail(`it did not answer within ${String(timeoutMs / 1000)} s`);
      }, timeoutMs);
      this.#connection.hold(true);
      const settle = (result: ExecResult | AppError): void => {
        clearTimeout(timer);
        this.#pending = undefined;
        this.#connection.hold(false);
        if (result instanceof AppError) reject(result);
        else resolve(result);
      };
      this.#pending = { end: new RegExp(`\\n${marker} ([0-9]+)\\n$`), settle, onOutput };
      this.#forget();
      // Nothing that runs may read the commands which follow.
      this.#connection.input.write(`{ ${script}\n} </dev/null 2>&1\nprintf '\\n%s %s\\n' ${marker} "$?"\n`);
    });
  }

  close(): void {
    this.#fail('it was closed');
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#receivedBytes += chunk.length;
    this.#tail = (this.#tail + chunk.toString('latin1')).slice(-maxEndBytes);
    this.#pending?.onOutput?.(Buffer.concat(this.#chunks).toString('utf8'));
    const end = this.#pending?.end.exec(this.#tail);
    if (end) {
      const output = Buffer.concat(this.#chunks).subarray(0, this.#receivedBytes - end[0].length);
      this.#forget();
      this.#pending?.settle({ exitCode: Number(end[1]), output: output.toString('utf8') });
    } else if (this.#receivedBytes > maxOutputBytes) {
      this.#fail(`it printed more than ${String(maxOutputBytes / 1024 / 1024)} MiB`);
    }
  }

  #fail(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connection.close();
    this.#pending?.settle(new AppError('nginx', `the shell in nginx's container failed: ${why}`));
  }

  #forget(): void {
    this.#chunks = [];
    this.#receivedBytes = 0;
    this.#tail = '';
  }
}
