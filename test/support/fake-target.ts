import { unknownBuild } from '../../src/core/nginx-build.ts';
import type { NginxBuild } from '../../src/core/nginx-build.ts';
import type { Connections, Quit, Reloading, Target, Verdict, Worker } from '../../src/loop/ports.ts';

/** What an nginx does, as far as it matters to the one who reloads it. */
export interface Script {
  readonly name?: string;
  /** The digest a fresh connection meets now. */
  readonly digest?: () => string | undefined;
  readonly connections?: () => Connections | undefined;
  readonly workers?: () => readonly Worker[] | undefined;
  readonly verdict?: () => Verdict;
  readonly includes?: () => boolean;
  readonly reload?: () => void;
  /** Where there is none, its workers cannot be signalled. */
  readonly quit?: (pids: readonly number[]) => Quit;
  /** Both in one go; step by step where there is none. */
  readonly shortCut?: () => Reloading;
  readonly tcpTables?: () => Promise<string | undefined>;
}

/** An nginx that does what a script says, and counts what it was asked for. */
export class FakeTarget implements Target {
  readonly id: string;
  readonly name: string;
  readonly answersAt = '192.0.2.1:9181';
  readonly #script: Script;
  asked = 0;
  validated = 0;
  reloads = 0;

  constructor(script: Script) {
    this.name = script.name ?? 'nginx';
    this.id = `fake:${this.name}`;
    this.#script = script;
  }

  readBuild(): Promise<NginxBuild> {
    return Promise.resolve(unknownBuild);
  }

  askDigest(): Promise<string | undefined> {
    this.asked += 1;
    return Promise.resolve(this.#script.digest?.());
  }

  askConnections(): Promise<Connections | undefined> {
    return Promise.resolve(this.#script.connections?.());
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  validate(): Promise<Verdict> {
    this.validated += 1;
    return Promise.resolve(this.#script.verdict?.() ?? { accepted: true });
  }

  includes(): Promise<boolean> {
    return Promise.resolve(this.#script.includes?.() ?? true);
  }

  listWorkers(): Promise<readonly Worker[] | undefined> {
    return Promise.resolve(this.#script.workers?.());
  }

  readTcpTables(): Promise<string | undefined> {
    return this.#script.tcpTables?.() ?? Promise.resolve(undefined);
  }

  signalReload(): Promise<void> {
    this.reloads += 1;
    this.#script.reload?.();
    return Promise.resolve();
  }

  reloadAndHandOver(onSignalled: () => void): Promise<Reloading | undefined> {
    const reloading = this.#script.shortCut?.();
    if (reloading !== undefined) onSignalled();
    return Promise.resolve(reloading);
  }

  canHandOver(): Promise<boolean> {
    return Promise.resolve(this.#script.quit !== undefined);
  }

  quitWorkers(pids: readonly number[]): Promise<Quit> {
    return Promise.resolve(this.#script.quit?.(pids) ?? 'refused');
  }
}
