/** The page by keyboard, and its search. */
import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';

import { event, member, members, pool, status } from '../../support/made-up-status.ts';
import { usePage } from '../../support/use-page.ts';
import type { Open } from '../../support/use-page.ts';

let open: Open;
usePage((given) => {
  open = given;
});

const many = status({
  pools: [
    pool('api', [...members('api', 198), member('api', 199, { state: 'unhealthy', isIn: false, reason: 'says 500' })]),
    pool('web', members('web', 2)),
  ],
  problems: [{ container: 'shop-api-7', node: null, label: 'lb.port', effect: 'out', message: 'write a number' }],
});

async function readFocus(page: Page): Promise<string> {
  return page.evaluate<string>("document.activeElement.getAttribute('aria-label')");
}

test('a search box where there are many, and none where there are few', async () => {
  const { page, server } = await open(status({ pools: [pool('api', members('api', 12))] }));
  expect(await page.getByRole('searchbox').count()).toBe(0);
  server.show(status({ pools: [pool('api', members('api', 13))] }));
  await page.getByRole('searchbox').waitFor();
});

test('200 members: the search by words leaves those who match, in all that is listed; Esc shows all again', async () => {
  const { page, server } = await open(many);
  server.tell(event('joined', 'shop-api-7 joined'), event('joined', 'shop-web-1 joined'));
  await page.locator('.event').nth(1).waitFor();
  await page.keyboard.press('/');
  expect(await readFocus(page)).toMatch(/^Search/);
  await page.keyboard.type('API-7 ready');
  await page.getByText('11 members found').waitFor();
  expect(await page.locator('.member').count()).toBe(11);
  expect(await page.getByRole('region', { name: 'Pool web' }).count()).toBe(0);
  await page.keyboard.press('Control+A');
  await page.keyboard.type('shop-web-1');
  await page.getByText('1 member found').waitFor();
  expect(await page.locator('.event').allInnerTexts()).toEqual([expect.stringContaining('shop-web-1')]);
  expect(await page.getByRole('region', { name: 'Problems' }).innerText()).toBe('');
  await page.keyboard.press('Escape');
  await page.locator('.member').nth(200).waitFor();
  expect(await page.getByRole('searchbox').inputValue()).toBe('');
  expect(await readFocus(page)).toBeNull();
});

test('a click on a state leaves its members, another click all', async () => {
  const { page } = await open(many);
  const button = page.getByRole('button', { name: '1 unhealthy' });
  await button.click();
  await page.getByText('1 member found').waitFor();
  expect(await button.getAttribute('aria-pressed')).toBe('true');
  expect(await page.getByRole('searchbox').inputValue()).toBe('state:unhealthy');
  expect(await page.locator('.member').allInnerTexts()).toEqual(['api-199']);
  await button.click();
  await page.locator('.member').nth(200).waitFor();
});

test('a click on a node leaves its members, whole names only; the search finds nodes and tasks by words', async () => {
  const on = (node: string, number: number) =>
    member('api', number, { node, task: { id: `task${String(number)}`.padEnd(25, 'x'), containerId: 'c0ffee012345' } });
  const list = [on('Node-1', 1), on('Node-1', 2), on('node-2', 3), on('node-10', 4)];
  const { page, server } = await open(status({ pools: [pool('api', list), pool('web', members('web', 10))] }));
  const nodes = page.getByRole('list', { name: 'Members by node' });
  expect(await nodes.getByRole('button').allInnerTexts()).toEqual(['2 on Node-1', '1 on node-2', '1 on node-10']);
  const button = page.getByRole('button', { name: '2 on Node-1' });
  await button.click();
  await page.getByText('2 members found').waitFor();
  expect(await button.getAttribute('aria-pressed')).toBe('true');
  expect(await page.getByRole('searchbox').inputValue()).toBe('node:Node-1');
  await button.click();
  await page.locator('.member').nth(13).waitFor();
  await page.keyboard.press('/');
  for (const [typed, found] of [
    ['node:node-2', '1 member found'],
    ['node-1', '3 members found'],
    ['task3', '1 member found'],
    ['c0ffee NODE-10', '1 member found'],
  ] as const) {
    await page.getByRole('searchbox').fill(typed);
    await page.getByText(found, { exact: true }).waitFor();
  }
  await page.getByRole('searchbox').fill('');
  server.show(
    status({
      pools: [
        pool(
          'api',
          Array.from({ length: 13 }, (_, index) => on(`n${String(index)}`, index)),
        ),
      ],
    }),
  );
  await page.getByRole('heading', { level: 2, name: '1 pool, 13 members on 13 nodes' }).waitFor();
  expect(await nodes.count()).toBe(0);
});

test('a pool is one stop of the tabulator; arrows go on from there; Enter opens the details, which follow; Esc closes them', async () => {
  const { page } = await open(status({ pools: [pool('api', members('api', 9)), pool('web', members('web', 2))] }));
  await page.getByRole('button', { name: '11 ready' }).focus();
  await page.keyboard.press('Tab');
  expect(await readFocus(page)).toMatch(/^shop-api-1,/);
  await page.keyboard.press('ArrowRight');
  expect(await readFocus(page)).toMatch(/^shop-api-2,/);
  const columns = await countColumns(page);
  expect(columns).toBeGreaterThan(1);
  await page.keyboard.press('ArrowDown');
  expect(await readFocus(page)).toMatch(new RegExp(`^shop-api-${String(2 + columns)},`));
  await page.keyboard.press('ArrowUp');
  expect(await readFocus(page)).toMatch(/^shop-api-2,/);
  await page.keyboard.press('End');
  expect(await readFocus(page)).toMatch(/^shop-api-9,/);
  await page.keyboard.press('Enter');
  const details = page.getByRole('complementary', { name: 'Details of a member' });
  await details.getByRole('heading', { name: 'shop-api-9' }).waitFor();
  await page.keyboard.press('ArrowLeft');
  await details.getByRole('heading', { name: 'shop-api-8' }).waitFor();
  await page.keyboard.press('Tab');
  expect(await readFocus(page)).toMatch(/^shop-web-1,/);
  await page.keyboard.press('Shift+Tab');
  expect(await readFocus(page)).toMatch(/^shop-api-8,/);
  await page.keyboard.press('Escape');
  await details.getByRole('heading').waitFor({ state: 'detached' });
  expect(await readFocus(page)).toMatch(/^shop-api-8,/);
});

test('whoever has the keyboard keeps it while others come and go', async () => {
  const { page, server } = await open(status({ pools: [pool('api', members('api', 5))] }));
  await page.getByRole('button', { name: /^shop-api-4,/ }).focus();
  server.show(status({ pools: [pool('api', [member('api', 4), member('api', 6), member('api', 7)])] }));
  await page.getByRole('button', { name: /^shop-api-7,/ }).waitFor();
  await page.locator('.member', { hasText: 'api-1' }).waitFor({ state: 'detached' });
  expect(await readFocus(page)).toMatch(/^shop-api-4,/);
});

async function countColumns(page: Page): Promise<number> {
  const boxes = await Promise.all((await page.locator('.member').all()).map((item) => item.boundingBox()));
  return boxes.filter((box) => box?.y === boxes[0]?.y).length;
}
