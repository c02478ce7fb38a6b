import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';

import { eventually } from '../../support/eventually.ts';
import { followExample } from '../../support/followed-example.ts';
import type { FollowedExample } from '../../support/followed-example.ts';
import { readBlocks } from '../../support/readme.ts';

let example: FollowedExample | undefined;

afterEach(async () => {
  await example?.end();
}, 60_000);

test("existing-nginx: somebody's own configuration serves the replicas, and his edits are reloaded", async () => {
  example = await followExample('existing-nginx');
  const { page, port, folder, compose } = example;
  await expectChanged(folder);
  const get = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${String(port)}${path}`)).text();

  await page.follow('docker compose up -d --scale shop=2');
  await page.see('docker compose exec lbwatch lbwatch doctor', (output) => {
    expect(output).toMatch(/^ok +nginx .* runs what the labels ask for/m);
    expect(output).not.toMatch(/^(?:warning|failed)/m);
  });
  const names = new Set<string>();
  for (const path of ['/', '/', '/checkout', '/checkout']) names.add(await get(path));
  expect([...names]).toEqual([expect.stringMatching(/^app [0-9a-f]{12}\n$/), expect.stringMatching(/^app /)]);
  expect(await compose.exec('nginx', 'cat', '/etc/nginx/lbwatch/upstreams.conf')).toMatch(/:8000 max_fails=3;/);

  expect(await get('/robots.txt')).toBe('User-agent: *\nDisallow: /checkout\n');
  expect(await page.follow('sed -i')).toContain('lbwatch started');
  await eventually(
    'the edit being served',
    async () => {
      expect(await get('/robots.txt')).toBe('User-agent: *\nDisallow: /\n');
    },
    { withinMs: 30_000 },
  );
  expect(page.left).toEqual([]);
}, 180_000);

/** What the README shows as added is in the files, what it shows as removed is not. */
async function expectChanged(folder: string): Promise<void> {
  const [diff = ''] = readBlocks(await readFile(join(folder, 'README.md'), 'utf8'), 'diff');
  const files = ['nginx/nginx.conf', 'nginx/conf.d/shop.conf'].map((name) => readFile(join(folder, name), 'utf8'));
  const lines = (await Promise.all(files)).join('').split('\n');
  const withSign = (sign: string): readonly string[] =>
    diff.split('\n').flatMap((line) => (line.startsWith(sign) ? [line.slice(1)] : []));
  expect(lines).toEqual(expect.arrayContaining([...withSign('+')]));
  expect(withSign('+')).toHaveLength(1);
  // The block's end is a line that others have too.
  for (const removed of withSign('-').filter((line) => line !== '}')) expect(lines).not.toContain(removed);
}
