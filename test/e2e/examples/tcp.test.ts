import { afterEach, expect, test } from '@jest/globals';

import { EchoConnection, echoMembers } from '../../support/echo-client.ts';
import { eventually } from '../../support/eventually.ts';
import { followExample } from '../../support/followed-example.ts';
import type { FollowedExample } from '../../support/followed-example.ts';

let example: FollowedExample | undefined;

afterEach(async () => {
  await example?.end();
}, 60_000);

test('tcp: connections are spread over the replicas, and one that is open stays when another joins', async () => {
  example = await followExample('tcp');
  const { page, tcpPort } = example;
  await page.follow('docker compose up -d --scale app=2');
  await page.see('docker compose exec app node /client.mjs', (output) => {
    expect(new Set(output.trim().split('\n')).size).toBe(2);
  });
  const early = await EchoConnection.open(tcpPort);
  const first = await early.ask('one');

  await page.follow('docker compose up -d --scale app=3');
  await eventually(
    'three members answering',
    async () => {
      expect(await echoMembers(tcpPort, 12)).toHaveLength(3);
    },
    { withinMs: 30_000 },
  );
  await page.see('docker compose exec lbwatch lbwatch explain');
  expect(await early.ask('two')).toBe(first);
  early.close();
  expect(page.left).toEqual([]);
}, 180_000);
