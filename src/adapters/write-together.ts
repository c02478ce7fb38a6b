import { constants } from 'node:fs';
import { copyFile, mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { codeOf, messageOf } from '../core/error-words.ts';
import { AppError } from '../loop/ports.ts';
import { describeFileError } from './write-atomic.ts';

/** A file and what it is to become. */
export interface FileChange {
  readonly path: string;
  /** Undefined for one that is not there yet. */
  readonly before: string | undefined;
  readonly after: string;
}

/** Where the old text went; undefined for a new file. */
export interface Written {
  readonly path: string;
  readonly copy: string | undefined;
}

/**
 * Writes several files, or none: each next to its place first, then the old ones are copied to `FILE.before-lbwatch`, then
 * all are put in place. No older copy is written over. What fails on the way is undone. Throws {@link AppError}.
 *
 * @param putInPlace the last step of each file
 */
export async function writeTogether(
  changes: readonly FileChange[],
  putInPlace: (from: string, to: string) => Promise<void> = rename,
): Promise<readonly Written[]> {
  const undo: (() => Promise<void>)[] = [];
  const written: Written[] = [];
  let at = '';
  try {
    const places: { readonly change: FileChange; readonly place: string; readonly temporary: string }[] = [];
    for (const change of changes) {
      at = change.path;
      const place = change.before === undefined ? change.path : await realpath(change.path);
      if ((await readIfThere(place)) !== change.before) {
        throw new Error('it has changed since it was read; run the command again');
      }
      await mkdir(dirname(place), { recursive: true });
      const temporary = `${place}.lbwatch-new`;
      const mode = change.before === undefined ? 0o644 : (await stat(place)).mode;
      const file = await open(temporary, 'wx', mode);
      undo.push(() => rm(temporary, { force: true }));
      try {
        await file.writeFile(change.after);
        await file.sync();
      } finally {
        await file.close();
      }
      places.push({ change, place, temporary });
    }
    for (const { change, place } of places) {
      at = change.path;
      const copy = change.before === undefined ? undefined : await keepCopy(place);
      if (copy !== undefined) undo.push(() => rm(copy, { force: true }));
      written.push({ path: change.path, copy });
    }
    for (const { change, place, temporary } of places) {
      at = change.path;
      const { before } = change;
      await putInPlace(temporary, place);
      undo.push(() => (before === undefined ? rm(place, { force: true }) : writeFile(place, before)));
    }
  } catch (error) {
    const stuck = await undoAll(undo.reverse());
    const now = stuck === undefined ? 'all files are as they were' : `${stuck}; take the copies, FILE.before-lbwatch`;
    throw new AppError('files', `cannot write ${at}: ${describeFileError(error)}; ${now}`, { cause: error });
  }
  return written;
}

/** What was put in place goes first: where that fails, the copies stay. Answers why. */
async function undoAll(steps: readonly (() => Promise<void>)[]): Promise<string | undefined> {
  try {
    for (const step of steps) await step();
    return undefined;
  } catch (error) {
    return `not all could be put back (${messageOf(error)})`;
  }
}

/** `FILE.before-lbwatch`, else `FILE.before-lbwatch.1` and so on. */
async function keepCopy(path: string): Promise<string> {
  for (let number = 0; ; number++) {
    const copy = `${path}.before-lbwatch${number === 0 ? '' : `.${String(number)}`}`;
    try {
      await copyFile(path, copy, constants.COPYFILE_EXCL);
      return copy;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
