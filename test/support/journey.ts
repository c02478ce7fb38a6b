import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Compose } from './compose.ts';
import { freePort } from './free-port.ts';

/** This checkout. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A stack of a test's own: its folder, Compose project, port and volume. */
export interface Journey {
  readonly compose: Compose;
  readonly project: string;
  /** A copy of the stack's files; edits there reach nobody else. */
  readonly directory: string;
  readonly port: number;
  /** Removes whatever the journey has made. */
  readonly end: () => Promise<void>;
}

/** The shipped stack, or one like it. */
export interface StackJourney extends Journey {
  /** Where the controller answers on this machine, where the Compose file publishes STATUS_PORT. */
  readonly statusPort: number;
}

/**
 * Copies the shipped stack, or another Compose file beside the shipped nginx/, to a folder of its own. Starts nothing.
 * The images must have been built: a test never builds.
 *
 * @param name part of the project's name
 * @param file a Compose file relative to test/e2e, instead of the shipped one
 */
export async function prepareJourney(
  name: string,
  file?: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<StackJourney> {
  const directory = await mkdtemp(join(tmpdir(), `lbwatch-${name}-`));
  const source = file === undefined ? join(root, 'docker-compose.yaml') : join(root, 'test/e2e', file);
  await cp(source, join(directory, 'docker-compose.yaml'));
  // docker-compose 1.29 wants to see the build contexts even where nothing is built.
  for (const part of ['nginx', 'test/apps']) await cp(join(root, part), join(directory, part), { recursive: true });
  const port = await freePort();
  const project = basename(directory)
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '');
  const statusPort = await freePort();
  const ports = { HTTP_PORT: String(port), STATUS_PORT: String(statusPort) };
  const compose = await Compose.find({ directory, project, environment: { ...ports, ...environment } });
  const end = async (): Promise<void> => {
    // Containers of the test's own making, which Compose does not know.
    const { stdout } = await compose.docker('ps', '-aq', '--filter', `name=^/?${project}-`);
    const extra = stdout.split('\n').filter(Boolean);
    if (extra.length > 0) await compose.docker('rm', '-f', ...extra);
    await compose.down();
    await rm(directory, { recursive: true, force: true });
  };
  return { compose, project, directory, port, statusPort, end };
}
