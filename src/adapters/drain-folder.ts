import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import * as z from 'zod';

import { codeOf, messageOf } from '../core/error-words.ts';
import type { Drain } from '../core/model.ts';
import { printable } from '../core/printable.ts';
import { AppError } from '../loop/ports.ts';
import type { DrainStore, StoredDrains } from '../loop/ports.ts';
import { describeFileError, writeAtomically } from './write-atomic.ts';

/** Of a container, or of a task of Swarm. */
const containerId = /^(?:[0-9a-f]{64}|[0-9a-z]{25})$/;
/** What a write leaves behind when it is killed. */
const leftoverEnd = '.new';
const maxBytes = 1024;

const drainSchema = z.object({
  kind: z.enum(['drained', 'withdrawn']),
  sinceMs: z.number().int().nonnegative(),
});

/** The folder `drained` in the shared directory: a file for each drained container, called by its id. */
export class DrainFolder implements DrainStore {
  readonly #path: string;
  #lastWrite: Promise<void> = Promise.resolve();

  /** @param directory the one shared with nginx (LBWATCH_DIR) */
  constructor(directory: string) {
    this.#path = join(directory, 'drained');
  }

  /** Never fails for what lies there: what is no drain is passed over and noted. */
  async read(): Promise<StoredDrains> {
    const drains = new Map<string, Drain>();
    const notes: string[] = [];
    for (const name of await this.#list(notes)) {
      if (name.endsWith(leftoverEnd) && containerId.test(name.slice(0, -leftoverEnd.length))) continue;
      const drain = containerId.test(name) ? await this.#readOne(name) : "it is none of lbwatch's files; remove it";
      if (typeof drain === 'string') notes.push(`${join(this.#path, printable(name))} is ignored: ${drain}`);
      else if (drain !== undefined) drains.set(name, drain);
    }
    return { drains, notes };
  }

  /** One after another: two callers may drain the same container. */
  write(id: string, drain: Drain): Promise<void> {
    const written = this.#lastWrite.then(() => this.#writeOne(id, drain));
    this.#lastWrite = written.catch(() => undefined);
    return written;
  }

  async remove(id: string): Promise<void> {
    // Never written.
    if (!containerId.test(id)) return;
    const path = join(this.#path, id);
    try {
      await rm(path, { force: true });
    } catch (error) {
      throw new AppError('files', `cannot remove ${path}: ${messageOf(error)}; the drain stays`, { cause: error });
    }
  }

  async #writeOne(id: string, drain: Drain): Promise<void> {
    // It comes from whoever answers as the engine, and must not lead out of the folder.
    if (!containerId.test(id)) {
      throw new AppError('files', `${printable(id)} is no id of a container or a task; nothing is drained`);
    }
    const path = join(this.#path, id);
    try {
      // Not recursive: a shared directory that is missing must be mounted, not made.
      await mkdir(this.#path, { mode: 0o755 }).catch(ignore('EEXIST'));
      await writeAtomically(path, `${JSON.stringify(drain)}\n`);
    } catch (error) {
      throw new AppError('files', `cannot write ${path}: ${describeFileError(error)}; nothing is drained`, {
        cause: error,
      });
    }
  }

  async #list(notes: string[]): Promise<readonly string[]> {
    try {
      return (await readdir(this.#path)).sort();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT')
        notes.push(`${this.#path} is ignored, nobody counts as drained: ${messageOf(error)}`);
      return [];
    }
  }

  /** Undefined where it went away meanwhile; else why it is no drain. */
  async #readOne(id: string): Promise<Drain | string | undefined> {
    const path = join(this.#path, id);
    const remedy = 'undrain the container, or drain it anew';
    try {
      const status = await stat(path);
      // A pipe would never end.
      if (!status.isFile() || status.size > maxBytes) return `it is no small file; ${remedy}`;
      const parsed = drainSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
      return parsed.success ? parsed.data : `its content is damaged; ${remedy}`;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      return `${error instanceof SyntaxError ? 'its content is damaged' : messageOf(error)}; ${remedy}`;
    }
  }
}

function ignore(code: string): (error: unknown) => void {
  return (error) => {
    if (codeOf(error) !== code) throw error;
  };
}
