import { afterEach, expect, test } from '@jest/globals';

import { followExample } from '../../support/followed-example.ts';
import type { FollowedExample } from '../../support/followed-example.ts';

let example: FollowedExample | undefined;

afterEach(async () => {
  await example?.end();
}, 60_000);

test('two-pools-by-path: each path has its own members; one pool without any leaves the other alone', async () => {
  example = await followExample('two-pools-by-path');
  const { page } = example;
  await page.follow('docker compose up -d --scale api=2');
  await page.see('for path in', (output) => {
    const [atRoot, ...belowApi] = output.trim().split('\n');
    expect(atRoot).toMatch(/^web [0-9a-f]{12}$/);
    expect(belowApi).toEqual([expect.stringMatching(/^api /), expect.stringMatching(/^api /)]);
    expect(new Set(belowApi).size).toBe(2);
  });
  await page.follow('docker compose stop api');
  await page.see('curl', (output) => {
    expect(output).toMatch(/^503\nweb [0-9a-f]{12}$/);
  });
  expect(page.left).toEqual([]);
}, 180_000);
