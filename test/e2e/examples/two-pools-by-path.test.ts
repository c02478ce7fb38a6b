import { expect, test } from '@jest/globals';
import { useExamples } from '../../support/use-examples.ts';

const follow = useExamples();

test('two-pools-by-path: each path has its own members; one pool without any leaves the other alone', async () => {
  const { page } = await follow('two-pools-by-path');
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
