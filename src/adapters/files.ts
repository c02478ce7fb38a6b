import { createHash } from 'node:crypto';
import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { messageOf } from '../core/error-words.ts';
import { isSame } from '../core/render.ts';
import type { Texts } from '../core/render.ts';
import { readSite } from '../core/site.ts';
import { AppError } from '../loop/ports.ts';
import type { Files, SiteFiles } from '../loop/ports.ts';
import { isAbsent, SeenFile } from './seen-file.ts';
import { describeFileError } from './write-atomic.ts';

const maxSiteFileBytes = 1024 * 1024;

/** Editors' leftovers, copies that `lbwatch init` keeps, nginx's modules, and keys, which are nobody's to read. */
const notConfiguration =
  /^\.|~$|^#.*#$|\.before-lbwatch(?:\.\d+)?$|\.(?:sw[a-z]|bak|tmp|orig|dpkg-\w+|so|key|pem|crt|csr|p12)$/;

/** Stands between the two texts in the file that remembers them; no generated file has such a line. */
const seam = '\n# lbwatch: streams.conf\n';

/** The shared directory and the site's folders on a real file system. */
export class DiskFiles implements Files {
  readonly generatedPath: string;
  readonly streamsPath: string;
  readonly #directory: string;
  readonly #generated: SeenFile;
  readonly #streams: SeenFile;
  readonly #lastGood: SeenFile;
  /** The text of that file, and what it stands for. */
  #remembered: { readonly text: string; readonly texts: Texts } | undefined;
  readonly #sitePaths: readonly string[];
  readonly #claim: () => Promise<void>;
  #written: Texts | undefined;

  /** @param claim called before each write: throws where the directory is another's */
  constructor(directory: string, sitePaths: readonly string[], claim: () => Promise<void> = () => Promise.resolve()) {
    this.#claim = claim;
    // Written with a slash at its end, it must still be known as the folder that is none of the site's.
    this.#directory = resolve(directory);
    this.#sitePaths = sitePaths.map((path) => resolve(path));
    this.generatedPath = join(directory, 'upstreams.conf');
    this.streamsPath = join(directory, 'streams.conf');
    this.#generated = new SeenFile(this.generatedPath);
    this.#streams = new SeenFile(this.streamsPath);
    // Out of reach of an include of *.conf.
    this.#lastGood = new SeenFile(join(directory, 'upstreams.last-good'));
  }

  async readGenerated(): Promise<Texts | undefined> {
    const [text, streams] = await Promise.all([read(this.#generated), read(this.#streams)]);
    return text === undefined ? undefined : { text, streams: streams ?? '' };
  }

  /**
   * streams.conf first: a crash between the two leaves the old digest in upstreams.conf, so that the next start does not
   * take nginx for being in step.
   */
  async writeGenerated(texts: Texts): Promise<void> {
    await this.#claim();
    const [text, streams] = await Promise.all([read(this.#generated), read(this.#streams)]);
    if (streams !== texts.streams) await write(this.#streams, texts.streams);
    if (text !== texts.text) await write(this.#generated, texts.text);
    this.#written = texts;
  }

  /** Whether the generated files hold what this process last wrote or confirmed. */
  async isGeneratedIntact(): Promise<boolean> {
    return this.#written === undefined || isSame(await this.readGenerated(), this.#written);
  }

  async readLastGood(): Promise<Texts | undefined> {
    const whole = await read(this.#lastGood);
    if (whole === undefined) return undefined;
    if (whole !== this.#remembered?.text) {
      const [text = '', streams = ''] = whole.split(seam);
      this.#remembered = { text: whole, texts: { text, streams } };
    }
    return this.#remembered.texts;
  }

  async writeLastGood(texts: Texts): Promise<void> {
    await this.#claim();
    this.#written = texts;
    const whole = [texts.text, texts.streams].join(seam);
    await write(this.#lastGood, whole);
    this.#remembered = { text: whole, texts };
  }

  async readSite(): Promise<SiteFiles> {
    const files = await this.readSiteTexts();
    const hash = createHash('sha256');
    for (const { path, text } of files) hash.update(`${path}\0${String(text.length)}\0${text}`);
    return { site: readSite(files.map(({ text }) => text)), digest: hash.digest('hex'), fileCount: files.length };
  }

  /** The files of the hand-written configuration, by path. */
  async readSiteTexts(): Promise<readonly { readonly path: string; readonly text: string }[]> {
    const lists = await Promise.all(this.#sitePaths.map((path) => this.#listConfiguration(path, [])));
    const paths = [...new Set(lists.flat())].sort();
    const files = await Promise.all(paths.map(async (path) => ({ path, text: await readIfThere(path) })));
    return files.flatMap(({ path, text }) => (text === undefined ? [] : [{ path, text }]));
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
      throw new AppError('files', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
    }
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw cannotRead(path, error);
  }
}

async function read(file: SeenFile): Promise<string | undefined> {
  try {
    return await file.read();
  } catch (error) {
    throw cannotRead(file.path, error);
  }
}

function cannotRead(path: string, error: unknown): AppError {
  return new AppError('files', `cannot read ${path}: ${describeFileError(error)}`, { cause: error });
}

async function write(file: SeenFile, text: string): Promise<void> {
  try {
    await file.write(text);
  } catch (error) {
    const what = `cannot write ${file.path}: ${describeFileError(error)}; the file there stays as it was`;
    throw new AppError('files', what, { cause: error });
  }
}
