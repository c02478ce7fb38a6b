/** The page follows lbwatch, loses it, and finds it again. */
import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';

import { eventually } from '../../support/eventually.ts';
import { event, member, members, pool, status } from '../../support/made-up-status.ts';
import { usePage } from '../../support/use-page.ts';
import type { Open } from '../../support/use-page.ts';

let open: Open;
usePage((given) => {
  open = given;
});

const two = status({ pools: [pool('api', members('api', 2))] });
const three = status({ pools: [pool('api', members('api', 3))] });

test('who joins is shown coming, who leaves is shown going, and nobody else moves', async () => {
  const { page, server } = await open(two);
  await slowDown(page);
  await page.evaluate("document.body.dataset.mark = 'not loaded again'");
  server.show(three);
  await see(page, '.member.joining', ['api-3']);
  server.show(two);
  await see(page, '.member.leaving', ['api-3']);
  expect(await page.locator('.member').count()).toBe(3);
  await page.clock.runFor(2000);
  await see(page, '.member', ['api-1', 'api-2']);
  server.show(status({ pools: [pool('api', [member('api', 1), member('api', 2, { state: 'draining' })])] }));
  await see(page, '.member.changing', ['api-2']);
  expect(await page.locator('.joining, .leaving').count()).toBe(0);
  expect(await page.evaluate('document.body.dataset.mark')).toBe('not loaded again');
});

test('very many at once are no motion any more: they are there, or gone, at once', async () => {
  const { page, server } = await open(two);
  server.show(status({ pools: [pool('api', members('api', 200))] }));
  await page.locator('.member').nth(199).waitFor();
  expect(await page.locator('.joining').count()).toBe(0);
  server.show(two);
  await page.locator('.member').nth(2).waitFor({ state: 'detached' });
  expect(await page.locator('.leaving').count()).toBe(0);
});

test('where people want no motion, nothing moves', async () => {
  const { page, server } = await open(two, { reducedMotion: 'reduce' });
  await slowDown(page);
  server.show(three);
  await see(page, '.member.joining', ['api-3']);
  expect(await page.evaluate('document.getAnimations().length')).toBe(0);
});

test('lbwatch goes away: the page says so and that it shows the past; back again, it asks for what it missed', async () => {
  const { page, server } = await open(two);
  const first = event('started', 'lbwatch started');
  server.tell(first);
  await page.locator('.event', { hasText: 'lbwatch started' }).waitFor();
  await page.evaluate(`
    globalThis.said = 0;
    new MutationObserver((records) => { said += records.length; })
      .observe(document.querySelector('#link'), { childList: true, characterData: true, subtree: true });
  `);
  await server.goAway();
  const alert = page.getByRole('alert');
  await alert.filter({ hasText: 'The connection to lbwatch is lost' }).waitFor();
  expect(await page.title()).toBe('✕ connection lost · lbwatch');
  expect(await page.evaluate("getComputedStyle(document.querySelector('main')).opacity")).not.toBe('1');
  expect(await page.locator('.member').count()).toBe(2);
  // Drawn again every second meanwhile; read out once.
  await page.waitForEvent('requestfailed');
  await page.waitForEvent('requestfailed');
  expect(await page.evaluate('said')).toBe(1);

  server.show(three);
  server.tell(event('joined', 'while nobody looked', { pool: 'api' }));
  await server.comeBack();
  await alert.waitFor({ state: 'hidden' });
  await page.locator('.event', { hasText: 'while nobody looked' }).waitFor();
  await page.locator('.member', { hasText: 'api-3' }).waitFor();
  expect(server.opened).toEqual([0, first.id]);
  expect(await page.locator('.event', { hasText: 'lbwatch started' }).count()).toBe(1);
  await eventually(
    'the announcement',
    async () => {
      expect(await page.locator('#said').textContent()).toContain('connected to lbwatch again');
    },
    { withinMs: 10_000 },
  );
});

test('a proxy that answers 502 meanwhile does not end the attempts', async () => {
  const { page, server } = await open(two);
  await server.answerBadGateway();
  await page.getByRole('alert').filter({ hasText: 'is lost' }).waitFor();
  await page.waitForResponse((response) => response.url().includes('api/stream') && response.status() === 502);
  server.show(three);
  await server.comeBack();
  await page.locator('.member', { hasText: 'api-3' }).waitFor();
});

test('a connection that is silent for too long is given up and opened anew', async () => {
  const { page, server } = await open(two);
  expect(server.connections).toBe(1);
  // The browser's clock; the connection is as open as before.
  await page.clock.install();
  await page.reload();
  await page.locator('.member').first().waitFor();
  const before = server.opened.length;
  await page.clock.fastForward(41_000);
  await eventually(
    'a new connection',
    async () => {
      await page.clock.fastForward(1000);
      expect(server.opened.length).toBe(before + 1);
    },
    { withinMs: 10_000 },
  );
});

test('another version of lbwatch brings its own page', async () => {
  const { page, server } = await open(two);
  const loaded = page.waitForEvent('load');
  server.show({ ...three, lbwatch: { ...three.lbwatch, version: '0.2.0' } });
  await loaded;
  await page.locator('.member', { hasText: 'api-3' }).waitFor();
  expect(await page.locator('#head').innerText()).toContain('0.2.0');
});

/** From here on the page's time passes only when a test lets it. */
async function slowDown(page: Page): Promise<void> {
  await page.clock.install();
  await page.reload();
  await page.locator('.member').first().waitFor();
  await page.clock.pauseAt(Date.now() + 10_000);
}

/** Waits until these are the names there; so little time passes for each look that no motion is over before it was seen. */
async function see(page: Page, selector: string, names: readonly string[]): Promise<void> {
  await eventually(
    `${selector}: ${names.join(', ')}`,
    async () => {
      await page.clock.runFor(5);
      expect(await page.locator(`${selector} .name`).allTextContents()).toEqual(names);
    },
    { withinMs: 5_000 },
  );
}
