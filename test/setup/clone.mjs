import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone's root. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * A path in `.lab/`, where the set-up keeps what it fetched and what it remembers. The folder is git-ignored and safe
 * to delete.
 * @param {...string} names
 */
export function inLab(...names) {
  mkdirSync(path.join(root, '.lab'), { recursive: true });
  return path.join(root, '.lab', ...names);
}

/**
 * A path in the clone.
 * @param {...string} names
 */
export function inClone(...names) {
  return path.join(root, ...names);
}
