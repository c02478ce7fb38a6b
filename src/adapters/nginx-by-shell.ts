import { printable } from '../core/printable.ts';
import { AppError } from '../loop/ports.ts';
import type { Quit, Reloading, Worker } from '../loop/ports.ts';
import type { Process } from './docker-map.ts';
import type { ExecResult } from './exec.ts';
import type { KeptShell } from './kept-shell.ts';
import type { NginxAccess } from './nginx-access.ts';
import { masterArguments, pickWorkers } from './nginx-words.ts';
import {
  chooseMaster,
  handOverScript,
  isSignalled,
  listChildrenScript,
  listMastersScript,
  quitScript,
  quoteWord,
  readChildren,
  readHandOver,
  reloadScript,
  tcpTablesScript,
} from './process-scripts.ts';

/** Looking again does no harm: a shell that died meanwhile is replaced. */
const looking = { timeoutMs: 2000, isRepeatable: true };
const testing = { timeoutMs: 10_000, isRepeatable: true };
/** Whether it was done is not known when the shell dies on the way. */
/** Longer than new workers are waited for, on a machine that is busy. */
const handingOver = { timeoutMs: 10_000, isRepeatable: false };
const signalling = { timeoutMs: 2000, isRepeatable: false };

/** Through a shell kept in nginx's container. Pids are those of the container. */
export class NginxByShell implements NginxAccess {
  readonly isQuick = true;
  readonly #shell: KeptShell;
  readonly #master: Process;
  readonly #name: string;

  private constructor(shell: KeptShell, master: Process, name: string) {
    this.#shell = shell;
    this.#master = master;
    this.#name = name;
  }

  /** Undefined where there is no shell, or it sees no master. */
  static async find(shell: KeptShell, name: string): Promise<NginxByShell | undefined> {
    if (shell.isOutOfReach) return undefined;
    try {
      const { output } = await shell.run(listMastersScript(), looking);
      const master = chooseMaster(output);
      return master === undefined ? undefined : new NginxByShell(shell, master, name);
    } catch (error) {
      if (error instanceof AppError) return undefined;
      throw error;
    }
  }

  runAsMaster(...words: readonly string[]): Promise<ExecResult> {
    const command = ['nginx', ...masterArguments(this.#master.command), ...words];
    return this.#shell.run(command.map(quoteWord).join(' '), testing);
  }

  test(): Promise<ExecResult> {
    return this.runAsMaster('-t');
  }

  /** It was found: that is all. */
  prepare(): Promise<void> {
    return Promise.resolve();
  }

  async listWorkers(): Promise<readonly Worker[]> {
    const { exitCode, output } = await this.#shell.run(listChildrenScript(this.#master.pid), looking);
    if (exitCode !== 0) throw new AppError('nginx', `the nginx master process in container ${this.#name} has ended`);
    return pickWorkers(readChildren(output));
  }

  async signalReload(): Promise<void> {
    const { exitCode, output } = await this.#shell.run(reloadScript(this.#master.pid), signalling);
    if (exitCode !== 0) this.#failToSignal(output);
  }

  #failToSignal(said: string): never {
    const why = said.trim() === '' ? 'it has ended' : printable(said.trim(), 200);
    throw new AppError('nginx', `cannot signal the nginx master process in container ${this.#name}: ${why}`);
  }

  async reloadAndHandOver(onSignalled: () => void): Promise<Reloading> {
    let hasSignalled = false;
    const { exitCode, output } = await this.#shell.run(handOverScript(this.#master.pid), {
      ...handingOver,
      onOutput: (text) => {
        if (hasSignalled || !isSignalled(text)) return;
        hasSignalled = true;
        onSignalled();
      },
    });
    if (exitCode !== 0) this.#failToSignal(readHandOver(output).rest);
    const { processes, handover } = readHandOver(output);
    return { before: pickWorkers(processes), handover };
  }

  async quitWorkers(pids: readonly number[]): Promise<Quit> {
    const { exitCode } = await this.#shell.run(quitScript(this.#master.pid, pids), signalling);
    return exitCode === 0 ? 'sent' : 'refused';
  }

  async readTcpTables(): Promise<string> {
    return (await this.#shell.run(tcpTablesScript, looking)).output;
  }
}
