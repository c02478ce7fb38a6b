import type { Quit, Reloading, Worker } from '../loop/ports.ts';
import type { ExecResult } from './exec.ts';

/**
 * A way to act on the nginx of one container. A pass uses one way only: the pids of one are not those of another. Every
 * method may throw an AppError.
 */
export interface NginxAccess {
  /** Processes are seen and signalled within a few milliseconds. */
  readonly isQuick: boolean;
  /**
   * Runs nginx with the `-c` and `-p` of its master, so that it reads what the master reads. Undefined where this way can
   * run nothing.
   */
  runAsMaster(...words: readonly string[]): Promise<ExecResult | undefined>;
  /** `nginx -t` in the same way. */
  test(): Promise<ExecResult | undefined>;
  /** Asks ahead what a test and a reload will need to know. */
  prepare(): Promise<void>;
  listWorkers(): Promise<readonly Worker[]>;
  /** Has its verified master reload. */
  signalReload(): Promise<void>;
  /** Both in one go; undefined, and nothing done, where that is no faster. */
  reloadAndHandOver(onSignalled: () => void): Promise<Reloading | undefined>;
  quitWorkers(pids: readonly number[]): Promise<Quit>;
  /** As the kernel shows them, IPv4 and IPv6; where it does not, whatever was said instead. */
  readTcpTables(): Promise<string>;
}
