import type { Quit, Worker } from '../loop/ports.ts';
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
  listWorkers(): Promise<readonly Worker[]>;
  /** Has its verified master reload. */
  signalReload(): Promise<void>;
  quitWorkers(pids: readonly number[]): Promise<Quit>;
  /** As the kernel shows them, IPv4 and IPv6; where it does not, whatever was said instead. */
  readTcpTables(): Promise<string>;
}
