import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { Compose } from './compose.ts';
import { freePort } from './free-port.ts';
import { root } from './journey.ts';
import type { Journey } from './journey.ts';

/**
 * Copies one of the folders of examples/, beside what it refers to, to a place of its own. Starts nothing, builds nothing.
 *
 * @param name of the folder
 */
export async function prepareExample(name: string): Promise<Journey> {
  const directory = await mkdtemp(join(tmpdir(), `lbwatch-${name}-`));
  for (const part of ['examples', 'nginx']) await cp(join(root, part), join(directory, part), { recursive: true });
  const port = await freePort();
  const project = basename(directory).toLowerCase();
  const compose = await Compose.find({
    directory: join(directory, 'examples', name),
    project,
    environment: { HTTP_PORT: String(port), HAPROXY_IMAGE: haproxyImage },
  });
  const end = async (): Promise<void> => {
    await compose.down();
    await rm(directory, { recursive: true, force: true });
  };
  return { compose, project, directory, port, end };
}

/** What the set-up gives the engine. */
export const haproxyImage = 'lbwatch-haproxy:lts';
