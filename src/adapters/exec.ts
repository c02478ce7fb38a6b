import type { Readable, Writable } from 'node:stream';

import { AppError } from '../loop/ports.ts';

/** The words for running commands in nginx's container. */

export interface ExecResult {
  readonly exitCode: number;
  /** Standard output and error as they came. */
  readonly output: string;
}

/** A command that was started in a container. */
export interface Execution {
  /** Standard output and error as they come. Its end is the end of the command. */
  readonly output: Readable;
  /** Only once it has ended. */
  readExitCode(): Promise<number>;
  /** Hears no more of it; it goes on. */
  close(): void;
}

/** A process that reads commands and says what they print: `sh`. */
export interface Connection {
  /** Standard input. When it ends, the shell ends. */
  readonly input: Writable;
  /** Standard output and error. Its end is the end of the shell. */
  readonly output: Readable;
  /** Gives the shell up, whatever it is doing. */
  close(): void;
  /** While held, this process stays alive for its sake. */
  hold(isHeld: boolean): void;
}

/** No shell can be started in nginx's container: never (its image has none, the engine refuses), or not now. */
export class NoShell extends AppError {
  readonly isLasting: boolean;

  constructor(why: string, isLasting: boolean, options?: ErrorOptions) {
    super('nginx', `no shell in nginx's container: ${why}`, options);
    this.isLasting = isLasting;
  }
}
