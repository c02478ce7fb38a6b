import { expect, test } from '@jest/globals';

import { eventually } from '../../support/eventually.ts';
import { useExamples } from '../../support/use-examples.ts';

const follow = useExamples();

test('minimal: three answer in turn; nobody is there, and nginx says so', async () => {
  const { page, port } = await follow('minimal');
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
