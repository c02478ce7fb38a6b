import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { prepareExample } from './example.ts';
import { freePort } from './free-port.ts';
import type { Journey } from './journey.ts';
import { PageReader } from './page-reader.ts';
import { readSteps } from './page-steps.ts';

/** One of the folders of examples/ and somebody who does what its README says. */
export interface FollowedExample extends Journey {
  readonly page: PageReader;
  /** The example's own folder, a copy. */
  readonly folder: string;
  readonly tcpPort: number;
}

/** Debian's nginx brings a site of its own, which would answer in place of the example's. */
const withoutDebiansSite = ['sh', '-c', "rm -f /etc/nginx/sites-enabled/default && exec nginx -g 'daemon off;'"];

/** Copies an example and opens its README. Starts nothing. */
export async function followExample(name: string): Promise<FollowedExample> {
  const journey = await prepareExample(name);
  const folder = join(journey.directory, 'examples', name);
  const compose = await readFile(join(folder, 'docker-compose.yaml'), 'utf8');
  if (compose.includes(':/etc/nginx/conf.d:ro')) {
    const had = { services: { nginx: { command: withoutDebiansSite } } };
    await writeFile(join(folder, 'docker-compose.override.yaml'), JSON.stringify(had));
  }
  const tcpPort = await freePort();
  const page = new PageReader(readSteps(await readFile(join(folder, 'README.md'), 'utf8')), {
    directory: folder,
    environment: {
      COMPOSE_PROJECT_NAME: journey.project,
      HTTP_PORT: String(journey.port),
      TCP_PORT: String(tcpPort),
    },
    typed: { 'localhost:8080': `localhost:${String(journey.port)}` },
    names: { [journey.project]: name },
  });
  return { ...journey, page, folder, tcpPort };
}
