import { createHash } from 'node:crypto';
import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import writeFileAtomic from 'write-file-atomic';

import { readSite } from '../core/site.ts';
import { AppError } from '../loop/ports.ts';
import type { Files, SiteFiles } from '../loop/ports.ts';

const maxSiteFileBytes = 1024 * 1024;

/** Editors' leftovers, nginx's modules, and keys, which are nobody's to read. */
const notConfiguration = /^\.|~$|^#.*#$|\.(?:sw[a-z]|bak|tmp|orig|dpkg-\w+|so|key|pem|crt|csr|p12)$/;

/** The shared directory and the site's folders on a real file system. */
export class DiskFiles implements Files {
  readonly generatedPath: string;
  readonly #directory: string;
  readonly #lastGoodPath: string;
  readonly #sitePaths: readonly string[];
  #written: string | undefined;

  constructor(directory: string, sitePaths: readonly string[]) {
    // Written with a slash at its end, it must still be known as the folder that is none of the site's.
    this.#directory = resolve(directory);
    this.#sitePaths = sitePaths.map((path) => resolve(path));
    this.generatedPath = join(directory, 'upstreams.conf');
    // Out of reach of an include of *.conf.
    this.#lastGoodPath = join(directory, 'upstreams.last-good');
  }

  readGenerated(): Promise<string | undefined> {
    return readIfThere(this.generatedPath);
  }

  async writeGenerated(text: string): Promise<void> {
    await write(this.generatedPath, text);
    this.#written = text;
  }

  /** Whether the generated file holds what this process last wrote or confirmed. */
  async isGeneratedIntact(): Promise<boolean> {
    return this.#written === undefined || (await this.readGenerated()) === this.#written;
  }

  readLastGood(): Promise<string | undefined> {
    return readIfThere(this.#lastGoodPath);
  }

  async writeLastGood(text: string): Promise<void> {
    this.#written = text;
    await write(this.#lastGoodPath, text);
  }

  async readSite(): Promise<SiteFiles> {
    const lists = await Promise.all(this.#sitePaths.map((path) => this.#listConfiguration(path, [])));
    const paths = [...new Set(lists.flat())].sort();
    const hash = createHash('sha256');
    const texts: string[] = [];
    for (const path of paths) {
      const text = await readIfThere(path);
      if (text === undefined) continue;
      hash.update(`${path}\0${String(text.length)}\0${text}`);
      texts.push(text);
    }
    return { site: readSite(texts), digest: hash.digest('hex'), fileCount: texts.length };
  }

  /** Whether a path below the site's folders is none of the hand-written configuration. */
  isIgnored(path: string): boolean {
    return path === this.#directory || path.startsWith(`${this.#directory}/`) || notConfiguration.test(basename(path));
  }

  /** @param above the real folders that led here, so that a link back to one of them ends */
  async #listConfiguration(path: string, above: readonly string[]): Promise<readonly string[]> {
    if (this.isIgnored(path)) return [];
    try {
      const status = await stat(path);
      if (status.isFile()) return status.size <= maxSiteFileBytes ? [path] : [];
      if (!status.isDirectory()) return [];
      const here = await realpath(path);
      if (above.includes(here) || here === this.#directory) return [];
      const names = await readdir(path);
      const lists = names.map((name) => this.#listConfiguration(join(path, name), [...above, here]));
      return (await Promise.all(lists)).flat();
    } catch (error) {
      if (isAbsent(error)) return [];
      throw new AppError('files', `cannot read ${path}: ${describe(error)}`, { cause: error });
    }
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw new AppError('files', `cannot read ${path}: ${describe(error)}`, { cause: error });
  }
}

async function write(path: string, text: string): Promise<void> {
  try {
    // A temporary file beside it, fsync, rename: a reader sees the old text or the new one.
    await writeFileAtomic(path, text, { mode: 0o644 });
  } catch (error) {
    throw new AppError('files', `cannot write ${path}: ${describe(error)}; the file there stays as it was`, {
      cause: error,
    });
  }
}

/** Gone, or not ours to read: a dangling link, a key with mode 0600. */
function isAbsent(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES' || code === 'ELOOP';
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
