import { relative } from 'node:path';

/** A path as somebody in this folder would write it: relative where it lies in it, else as it is. */
export function showPath(path: string, folder: string): string {
  const inside = relative(folder, path);
  return inside.startsWith('..') ? path : inside;
}
