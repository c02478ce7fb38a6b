import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Journey } from '../../support/journey.ts';

/** Has the shipped stack run the controller image of `LBWATCH_IMAGE`, where that is set; the examples do it by themselves. */
export async function useImage({ directory }: Journey): Promise<void> {
  const image = process.env['LBWATCH_IMAGE'];
  const path = join(directory, 'docker-compose.yaml');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (image === undefined || text === undefined) return;
  await writeFile(path, text.replace('image: lbwatch/lbwatch\n', `image: ${image}\n`));
}
