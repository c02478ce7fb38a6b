import { afterEach, expect, test } from '@jest/globals';

import { eventually } from '../../support/eventually.ts';
import { followExample } from '../../support/followed-example.ts';
import type { FollowedExample } from '../../support/followed-example.ts';

let example: FollowedExample | undefined;

afterEach(async () => {
  await example?.end();
}, 60_000);

test('sticky-ip-hash: a client stays with its member, also when lbwatch is restarted; many clients meet all members', async () => {
  example = await followExample('sticky-ip-hash');
  const { page, port, compose } = example;
  await page.follow('docker compose up -d --scale app=3');
  await page.see('for client in', (output) => {
    const answers = output.trim().split('\n');
    expect(answers).toHaveLength(9);
    for (const first of [0, 3, 6]) {
      expect(answers[first]).toMatch(/^app [0-9a-f]{12}$/);
      expect(new Set(answers.slice(first, first + 3)).size).toBe(1);
    }
  });
  await expectLogged('3 primaries');
  const before = await askAll(port);
  expect(new Set(before).size).toBe(3);
  expect(await askAll(port)).toEqual(before);

  await page.follow('docker compose restart lbwatch');
  await expectLogged('pool in step: app has 3 primaries');
  expect(await askAll(port)).toEqual(before);
  expect(page.left).toEqual([]);

  /** Since lbwatch was started last. */
  async function expectLogged(text: string): Promise<void> {
    await eventually(
      `"${text}" in the log`,
      async () => {
        const log = (await compose.logs('lbwatch')).join('\n');
        expect(log.slice(log.lastIndexOf('lbwatch started'))).toContain(text);
      },
      { withinMs: 30_000 },
    );
  }
}, 180_000);

/** Who answers each of thirty clients, which nginx tells apart by the third number of their address. */
async function askAll(port: number): Promise<readonly string[]> {
  const answers: string[] = [];
  for (let client = 0; client < 30; client += 1) {
    const headers = { 'X-Forwarded-For': `203.0.${String(client)}.7` };
    answers.push(await (await fetch(`http://127.0.0.1:${String(port)}/`, { headers })).text());
  }
  return answers;
}
