import { execa } from 'execa';

import { eventually } from '../support/eventually.ts';
import type { Patience } from '../support/eventually.ts';
import { requireNginx } from '../support/nginx-binary.ts';
import { NginxProcess } from '../support/nginx-process.ts';
import type { NginxOptions } from '../support/nginx-process.ts';

/** The images with nginx that the tests use, oldest version first. */
const images = ['lbwatch-nginx:1.22', 'lbwatch-nginx:1.26', 'lbwatch/nginx'];

/** An nginx of some version; where it is no program of this machine, that of an image. */
export interface NginxVersion {
  readonly version: string;
  readonly image: string | undefined;
}

/** This machine's own. */
export async function ownNginx(): Promise<NginxVersion> {
  const { stderr } = await execa(requireNginx(), ['-v']);
  return { version: parseVersion(stderr), image: undefined };
}

/** Those in images, one for each version. */
export async function nginxImages(): Promise<readonly NginxVersion[]> {
  const found = await Promise.all(
    images.map(async (image) => {
      const { stderr } = await execa('docker', ['run', '--rm', '--network=none', '--entrypoint=nginx', image, '-v']);
      return { version: parseVersion(stderr), image };
    }),
  );
  return found.filter(({ version }, index) => found.findIndex((one) => one.version === version) === index);
}

function parseVersion(words: string): string {
  return /nginx\/([0-9.]+)/.exec(words)?.[1] ?? 'unknown';
}

/** A running nginx of some version, with files of its own. */
export class BenchNginx {
  readonly files: NginxProcess;
  readonly #container: string | undefined;

  private constructor(files: NginxProcess, container: string | undefined) {
    this.files = files;
    this.#container = container;
  }

  static async start({ image }: NginxVersion, options: NginxOptions): Promise<BenchNginx> {
    const files = new NginxProcess(options);
    if (image === undefined) {
      await files.start();
      return new BenchNginx(files, undefined);
    }
    const volume = `${files.directory}:${files.directory}`;
    const [, ...words] = files.command.split(' ');
    const run = ['run', '--detach', '--network=host', '--volume', volume, '--entrypoint=nginx', image, ...words];
    const { stdout: id } = await execa('docker', run);
    const nginx = new BenchNginx(files, id);
    try {
      const { stdout: pid } = await execa('docker', ['inspect', '--format={{.State.Pid}}', id]);
      files.adopt(Number(pid));
      await nginx.#awaitWorkers([], { withinMs: 10_000, everyMs: 20 });
    } catch (error) {
      await nginx.remove();
      throw error;
    }
    return nginx;
  }

  /** Has it reload; resolves when new workers run, to how long that took, in ms. */
  async reload(): Promise<number> {
    const before = this.files.workers();
    const beginMs = performance.now();
    process.kill(this.files.pid, 'SIGHUP');
    await this.#awaitWorkers(before, { withinMs: 30_000, everyMs: 1 });
    return performance.now() - beginMs;
  }

  /** Has the program test its configuration; answers how long that took, in ms. Throws what it refuses. */
  async test(): Promise<number> {
    const [file = '', ...words] = this.files.command.split(' ');
    const beginMs = performance.now();
    await (this.#container === undefined
      ? execa(file, [...words, '-t'])
      : execa('docker', ['exec', this.#container, 'nginx', ...words, '-t']));
    return performance.now() - beginMs;
  }

  /** Resolves when only the newest workers accept. */
  async settle(): Promise<void> {
    const expectFew = (): void => {
      const accepting = this.files.workers().length;
      if (accepting !== 2) throw new Error(`${String(accepting)} workers accept`);
    };
    await eventually('old workers stop accepting', expectFew, { withinMs: 10_000, everyMs: 5 });
  }

  async remove(): Promise<void> {
    if (this.#container !== undefined) await execa('docker', ['rm', '--force', '--volumes', this.#container]);
    await this.files.remove();
  }

  /** Waits for two workers beside those of before. */
  async #awaitWorkers(before: readonly number[], patience: Patience): Promise<void> {
    const expectTwo = (): void => {
      const fresh = this.files.workers().filter((pid) => !before.includes(pid));
      if (fresh.length < 2) throw new Error(this.files.errorLog().slice(-500) || 'it has no workers yet');
    };
    await eventually('new workers run', expectTwo, patience);
  }
}
