import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/**
 * The id of the container this process runs in, or the beginning of it; undefined outside one. Docker mounts a few files
 * out of the container's own folder (`…/containers/ID/`, Podman `…/overlay-containers/ID/userdata/`), whose name is the id;
 * the host name is the short id unless it was set.
 */
export async function readOwnContainerId(): Promise<string | undefined> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return findOwnId(mounts) ?? (/^[0-9a-f]{12}$/.test(hostname()) ? hostname() : undefined);
}

/** The id that `/proc/self/mountinfo` tells. */
export function findOwnId(mountinfo: string): string | undefined {
  return /containers\/([0-9a-f]{64})\/(?:userdata\/)?(?:hostname|hosts|resolv\.conf) /.exec(mountinfo)?.[1];
}
