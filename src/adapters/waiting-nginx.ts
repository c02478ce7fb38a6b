import { messageOf } from '../core/error-words.ts';
import { systemClock } from './clock.ts';
import { pause } from '../loop/pause.ts';
import { AppError } from '../loop/ports.ts';
import type { ExecResult, Execution } from './exec.ts';
import type { Gate } from './gate.ts';

/** From asking for an exec until its nginx waits at the gate; on a machine that is busy. */
const arriveMs = 2000;
const pollMs = 2;
const taskMs = 10_000;
/** After a reload the machine has more urgent things to do. */
const calmMs = 500;

/** What may be started ahead: `nginx` with these words. */
export interface Task {
  readonly name: 'test' | 'reload';
  readonly words: readonly string[];
  /** What nginx says last of all before it ends with exit code 0, which takes the engine a while to tell; undefined where it says nothing. */
  readonly lastWords: RegExp | undefined;
}

/** What is kept waiting in one container. */
export interface StartedAhead {
  readonly test: WaitingNginx;
  readonly reload: WaitingNginx;
}

/** nginx.c, main. */
export const test: Task = {
  name: 'test',
  words: ['-t'],
  lastWords: /^nginx: configuration file .+ test is successful\n$/m,
};

/** Reads the configuration and, where it is valid, has the master of the pid file reload. */
export const reload: Task = { name: 'reload', words: ['-s', 'reload'], lastWords: undefined };

/**
 * An `nginx -t`, or another task, that was started ahead in nginx's container, and waits there. What takes long in an exec
 * is to start it; nginx's own part is some milliseconds.
 *
 * It waits for a file: `-g` has nginx read directives before its configuration file (nginx.c, ngx_init_cycle), and an `include`
 * there of a named pipe holds it up in `open` until lbwatch opens the other end. The pipe is empty. nginx has read nothing
 * else until then, so it reads what is on disk when it is let through. It ends with its container, and belongs to no
 * other life of it.
 */
export class WaitingNginx {
  readonly #start: (command: readonly string[]) => Promise<Execution>;
  readonly #task: Task;
  readonly #gate: Gate;
  #waiting: Promise<Waiting | undefined> | undefined;
  #latest: Waiting | undefined;
  #isOff = false;
  #calming: NodeJS.Timeout | undefined;

  /**
   * @param start begins an exec in nginx's container
   * @param gate in a folder that nginx sees under the same path
   */
  constructor(start: (command: readonly string[]) => Promise<Execution>, task: Task, gate: Gate) {
    this.#start = start;
    this.#task = task;
    this.#gate = gate;
  }

  /**
   * Starts one unless one waits. Never throws: without any, the task takes as long as it does.
   *
   * @param options of nginx's master
   */
  prepare(options: readonly string[]): void {
    clearTimeout(this.#calming);
    // It ends with its container.
    if (this.#latest?.isOver === true) this.#waiting = undefined;
    if (!this.#isOff) this.#waiting ??= this.#begin(options);
  }

  /** Has the one that waits do its task, with the options it was started with. Undefined where there is none. */
  async run(): Promise<(ExecResult & { readonly options: readonly string[] }) | undefined> {
    const waiting = await this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined || this.#isOff) return undefined;
    const result = (await this.#letThrough(waiting)) ? await finish(waiting) : undefined;
    waiting.execution.close();
    if (result === undefined) {
      // nginx's complaint: it does not see this folder, or not under this path.
      this.#isOff = this.#gate.isBlamedIn(waiting.output);
      return undefined;
    }
    this.#calming = setTimeout(() => {
      this.prepare(waiting.options);
    }, calmMs).unref();
    return { ...result, options: waiting.options };
  }

  /** Gives up the one that waits. */
  async close(): Promise<void> {
    this.#isOff = true;
    clearTimeout(this.#calming);
    const waiting = await this.#waiting;
    waiting?.execution.close();
    await this.#gate.remove().catch(() => undefined);
  }

  async #begin(options: readonly string[]): Promise<Waiting | undefined> {
    try {
      await this.#gate.make();
    } catch {
      // There is no mkfifo here, or it cannot: the next time neither.
      this.#isOff = true;
      return undefined;
    }
    try {
      const command = ['nginx', ...options, ...this.#task.words, '-g', this.#gate.directives];
      this.#latest = new Waiting(await this.#start(command), options, this.#task);
      return this.#latest;
    } catch (error) {
      // The task without it will say what is wrong.
      if (!(error instanceof AppError)) throw error;
      return undefined;
    }
  }

  /** False where it has ended by itself, or does not come. */
  async #letThrough(waiting: Waiting): Promise<boolean> {
    await this.#gate.permit();
    const deadlineMs = systemClock.nowMs() + arriveMs;
    while (!waiting.isOver && systemClock.nowMs() < deadlineMs) {
      if (await this.#gate.open()) return true;
      await pause(systemClock, pollMs);
    }
    return false;
  }
}

/** One that was started. */
class Waiting {
  readonly execution: Execution;
  readonly options: readonly string[];
  /** Resolves when it has printed its last line, or has ended. */
  readonly said: Promise<void>;
  output = '';
  isOver = false;

  readonly task: Task;

  constructor(execution: Execution, options: readonly string[], task: Task) {
    this.task = task;
    this.execution = execution;
    this.options = options;
    this.said = new Promise((resolve) => {
      execution.output.on('data', (chunk: Buffer) => {
        this.output += chunk.toString('utf8').replaceAll('\r\n', '\n');
        if (this.hasPassed) resolve();
      });
      const end = (): void => {
        this.isOver = true;
        resolve();
      };
      execution.output.on('end', end).on('close', end).on('error', end);
    });
  }

  get hasPassed(): boolean {
    return this.task.lastWords?.test(this.output) === true;
  }
}

async function finish(waiting: Waiting): Promise<ExecResult> {
  const { execution } = waiting;
  const limit = new AbortController();
  const isLate = pause(systemClock, taskMs, limit.signal).then(() => !limit.signal.aborted);
  const late = await Promise.race([waiting.said.then(() => false), isLate]);
  limit.abort();
  if (late)
    throw new AppError('nginx', `nginx ${waiting.task.words.join(' ')} did not end within ${String(taskMs / 1000)} s`);
  if (waiting.hasPassed) return { exitCode: 0, output: waiting.output };
  try {
    return { exitCode: await execution.readExitCode(), output: waiting.output };
  } catch (error) {
    throw new AppError('nginx', `how nginx ${waiting.task.words.join(' ')} ended cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
