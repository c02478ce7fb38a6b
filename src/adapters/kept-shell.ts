import { printable } from '../core/printable.ts';
import { AppError } from '../loop/ports.ts';
import { NoShell } from './exec.ts';
import type { Connection, ExecResult } from './exec.ts';
import { ShellSession } from './shell-session.ts';

const openTimeoutMs = 5000;
/** How long nobody tries to open one again that just could not be opened. */
const pauseMs = 1000;

export interface RunOptions {
  readonly timeoutMs: number;
  /** It may be done twice: where the shell turns out to be dead, it is done once more in a fresh one. */
  readonly isRepeatable: boolean;
  /** Hears what the command has printed so far, each time that there is more. */
  readonly onOutput?: (text: string) => void;
}

/**
 * A shell in a container that is started once and kept: a command takes about a millisecond, an exec of its own some
 * hundred. It is opened at its first use, and anew when it has ended, as it does with the container. When lbwatch ends,
 * however it ends, the shell reads the end of its input and ends too.
 */
export class KeptShell {
  readonly #open: () => Promise<Connection>;
  readonly #nowMs: () => number;
  #session: ShellSession | undefined;
  #lastCommand: Promise<unknown> = Promise.resolve();
  #notBeforeMs = 0;
  #isClosed = false;

  /** @param open starts a shell; what it throws means that none can be had for now, or ever ({@link NoShell}) */
  constructor(open: () => Promise<Connection>, nowMs: () => number) {
    this.#open = open;
    this.#nowMs = nowMs;
  }

  /** Whether it is known without asking that no shell can be had. */
  get isOutOfReach(): boolean {
    return this.#isClosed || this.#nowMs() < this.#notBeforeMs;
  }

  /** Runs a command in the POSIX shell language, after those that were asked for before. */
  run(script: string, options: RunOptions): Promise<ExecResult> {
    const result = this.#lastCommand.then(() => this.#attempt(script, options));
    this.#lastCommand = result.catch(() => undefined);
    return result;
  }

  close(): void {
    this.#isClosed = true;
    this.#session?.close();
  }

  async #attempt(script: string, { timeoutMs, isRepeatable, onOutput }: RunOptions): Promise<ExecResult> {
    const known = this.#session;
    const session = known === undefined || known.isOver ? await this.#start() : known;
    try {
      return await session.run(script, timeoutMs, onOutput);
    } catch (error) {
      // One that was just opened is no older than the command: it failed because of it.
      if (!isRepeatable || session !== known) throw error;
      return (await this.#start()).run(script, timeoutMs, onOutput);
    }
  }

  /** Opens one and sees that it works. */
  async #start(): Promise<ShellSession> {
    if (this.isOutOfReach) throw new NoShell('cannot be had', false);
    let session: ShellSession | undefined;
    try {
      session = new ShellSession(await this.#open());
      this.#session = session;
      await session.run(':', openTimeoutMs);
      return session;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const said = session?.rest ?? '';
      const isLasting = error instanceof NoShell ? error.isLasting : meansNoShell.test(said);
      this.#notBeforeMs = isLasting ? Number.POSITIVE_INFINITY : this.#nowMs() + pauseMs;
      throw new NoShell(printable(said === '' ? error.message : said, 200), isLasting, { cause: error });
    }
  }
}

/** What engines say in place of a shell's output where the image has none. */
const meansNoShell = /executable file .*not found/i;
