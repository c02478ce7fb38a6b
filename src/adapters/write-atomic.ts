import { open, rename, rm } from 'node:fs/promises';

import { codeOf, messageOf } from '../core/error-words.ts';

/**
 * Replaces a file in one step: a temporary file beside it, all of the text, fsync, rename. A reader sees the old text or
 * the new one, whatever fails or ends in between. The temporary file's name is always the same, so that crashes and full
 * disks never leave more than one behind; it ends in `.new`, out of reach of an include of *.conf.
 *
 * No two writes of one path at the same time. Throws what the file system says; the file is as it was then.
 *
 * Not write-file-atomic: it takes a short write, which is how a disk that is nearly full answers first, for a whole one,
 * and puts half a file in place.
 */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await rm(temporary, { force: true });
    const file = await open(temporary, 'wx');
    try {
      // Whatever the umask: nginx reads it as another user.
      await file.chmod(0o644);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Why a file could not be written, or read, and what to do about it. */
export function describeFileError(error: unknown): string {
  const remedy = remedies.get(codeOf(error))?.();
  return remedy === undefined ? messageOf(error) : `${messageOf(error)}; ${remedy}`;
}

/** Asked when it is needed: the process gives up root after it has loaded this. */
const ownFolder = (): string => `make its folder writable for user ${String(process.getuid?.() ?? 'unknown')}`;

const remedies: ReadonlyMap<unknown, () => string> = new Map([
  ['ENOENT', () => 'mount the shared volume there'],
  ['ENOSPC', () => 'make room on its file system'],
  ['EDQUOT', () => 'make room on its file system, or raise the quota'],
  ['EROFS', () => 'mount it writable'],
  ['EACCES', ownFolder],
  ['EPERM', ownFolder],
  ['EISDIR', () => 'remove the folder of that name'],
]);
