/** What README.md and the pages of docs/ show of Compose files is what Compose takes. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';

import { Compose } from '../../support/compose.ts';
import { root } from '../../support/journey.ts';
import { readBlocks } from '../../support/readme.ts';

/** What makes a block a Compose file; docs show parts of other files, too. */
const composeSchema = z.looseObject({ services: z.record(z.string(), z.unknown()) });

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lbwatch-snippets-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

test('every Compose snippet, beside images for its services', async () => {
  const docs = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
  const compose = await Compose.find({ directory, project: 'snippet', files: ['snippet.yaml', 'images.json'] });
  let count = 0;
  for (const page of ['README.md', ...docs]) {
    for (const block of readBlocks(await readFile(join(root, page), 'utf8'), 'yaml')) {
      const snippet = composeSchema.safeParse(parse(block));
      if (!snippet.success) continue;
      count += 1;
      const names = Object.keys(snippet.data.services);
      await writeFile(join(directory, 'snippet.yaml'), block);
      await writeFile(
        join(directory, 'images.json'),
        JSON.stringify({ services: Object.fromEntries(names.map((name) => [name, { image: 'some/image' }])) }),
      );
      const { ok, stderr } = await compose.try('config', '--quiet');
      expect([page, block, ok ? '' : stderr]).toEqual([page, block, '']);
    }
  }
  expect(count).toBeGreaterThan(8);
}, 60_000);
