import { afterEach, expect, test } from '@jest/globals';

import { eventually } from '../../support/eventually.ts';
import { followExample } from '../../support/followed-example.ts';
import type { FollowedExample } from '../../support/followed-example.ts';

let example: FollowedExample | undefined;

afterEach(async () => {
  await example?.end();
}, 60_000);

test('minimal: three answer in turn; nobody is there, and nginx says so', async () => {
  example = await followExample('minimal');
  const { page, port } = example;
  await page.follow('docker compose up -d --scale app=3');
  await page.see('for i in', (output) => {
    const answers = output.trim().split('\n');
    expect(answers).toHaveLength(6);
    for (const answer of answers) expect(answer).toMatch(/^app [0-9a-f]{12}$/);
    expect(new Set(answers).size).toBe(3);
  });
  await page.see('docker compose exec lbwatch lbwatch explain');
  await page.follow('docker compose up -d --scale app=0');
  await eventually(
    '503 with Retry-After',
    async () => {
      const { status, headers } = await fetch(`http://127.0.0.1:${String(port)}/`);
      expect([status, headers.get('Retry-After')]).toEqual([503, '5']);
    },
    { withinMs: 30_000 },
  );
  expect(page.left).toEqual([]);
}, 180_000);
