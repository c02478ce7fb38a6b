import { once } from 'node:events';

import { afterEach, expect, test } from '@jest/globals';

import { eventually } from '../../support/eventually.ts';
import { followExample } from '../../support/followed-example.ts';
import type { FollowedExample } from '../../support/followed-example.ts';

let example: FollowedExample | undefined;

afterEach(async () => {
  await example?.end();
}, 60_000);

test('websockets: a connection outlives the reload that new replicas bring, and new ones reach them', async () => {
  example = await followExample('websockets');
  const { page, port, compose } = example;
  await page.follow('docker compose up -d --scale app=1');
  const early = await eventually('a WebSocket through nginx', () => open(port), { withinMs: 30_000 });
  const first = await ask(early);
  expect(first).toMatch(/^[0-9a-f]{12} hello$/);

  // The page's own client asks for five seconds, while three replicas join.
  const answers = (await page.follow('docker compose exec -T app node /client.mjs &')).match(/^[0-9a-f]{12} hello$/gm);
  expect(answers).toHaveLength(20);
  expect(new Set(answers)).toEqual(new Set([first]));

  await eventually(
    'new connections reaching all four',
    async () => {
      const met = new Set<string>();
      for (let count = 0; count < 8; count += 1) {
        const socket = await open(port);
        met.add(await ask(socket));
        socket.close();
      }
      expect(met.size).toBe(4);
    },
    { withinMs: 30_000 },
  );
  expect((await compose.logs('lbwatch')).join('\n')).toMatch(/pool changed: app \+ /);
  expect(await ask(early)).toBe(first);
  early.close();
  expect(page.left).toEqual([]);
}, 180_000);

async function open(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${String(port)}/`);
  await once(socket, 'open', { signal: AbortSignal.timeout(5000) });
  return socket;
}

/** The answer to one message; throws where the connection does not bring one. */
async function ask(socket: WebSocket): Promise<string> {
  const answered = once(socket, 'message', { signal: AbortSignal.timeout(5000) });
  socket.send('hello');
  const message: unknown = (await answered)[0];
  if (!(message instanceof MessageEvent)) throw new Error('an answer that is no message');
  return String(message.data);
}
