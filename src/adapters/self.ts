import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/**
 * The id of the container this process runs in, or the beginning of it; undefined outside one. Docker mounts a few files
 * out of the container's own folder, whose name is the id; the host name is the short id unless it was set.
 */
export async function readOwnContainerId(): Promise<string | undefined> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const id = /\/containers\/([0-9a-f]{64})\/(?:hostname|hosts|resolv\.conf)/.exec(mounts)?.[1];
  if (id !== undefined) return id;
  return /^[0-9a-f]{12}$/.test(hostname()) ? hostname() : undefined;
}
