import { readdir, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

const mount = '/sys/fs/cgroup';

/** The name of the control group below which all containers of a run are. */
export function cgroupOf(directory: string): string {
  return basename(directory);
}

/** Removes what the engine leaves behind, once nothing runs there any more. */
export async function removeCgroups(directory: string): Promise<void> {
  for (const parent of await listGroups(directory)) await removeFolder(parent);
}

/** In each hierarchy; version 2 has one only. */
async function listGroups(directory: string): Promise<readonly string[]> {
  const name = cgroupOf(directory);
  return [join(mount, name), ...(await listFolders(mount)).map((hierarchy) => join(hierarchy, name))];
}

async function removeFolder(folder: string): Promise<void> {
  for (const inner of await listFolders(folder)) await removeFolder(inner);
  await rmdir(folder).catch(() => undefined);
}

async function listFolders(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}
