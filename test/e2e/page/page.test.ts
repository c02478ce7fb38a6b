/** The status page of the shipped stack, in a real browser: what Compose does shows without loading it again. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';

import { startBrowser } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { prepareJourney } from '../../support/journey.ts';
import type { Journey } from '../../support/journey.ts';
import { readReadme, readStep } from '../../support/readme.ts';
import { useImage } from '../power/use-image.ts';

const sitePath = 'nginx/conf.d/flaskapp.conf';
let journey: Journey;
let statusPort: number;
let browser: Browser;
const errors: string[] = [];

beforeAll(async () => {
  statusPort = await freePort();
  journey = await prepareJourney('page', undefined, { STATUS_PORT: String(statusPort) });
  await useImage(journey);
  const path = join(journey.directory, sitePath);
  const site = await readFile(path, 'utf8');
  // The README's, open to this test.
  const location = readStep(await readReadme(), 'nginx', 'nginx: the page').replace('192.0.2.0/24', 'all');
  expect(location).toContain('allow all;');
  const edited = site.replace(/^(?= {4}location )/m, () => location);
  expect(edited).not.toBe(site);
  await writeFile(path, edited);
  browser = await startBrowser();
  await journey.compose.run('up', '-d', '--no-build');
}, 120_000);

afterAll(async () => {
  await browser.close();
  await journey.end();
}, 60_000);

test('at its own port and below a prefix of the nginx that it looks after: who joins is shown, and who leaves is not any more', async () => {
  const pages = [
    await openPage(`http://127.0.0.1:${String(statusPort)}/`),
    await openPage(`http://127.0.0.1:${String(journey.port)}/lbwatch/`),
  ];
  const atRest = ['flaskservice-1, ready', 'gotyourback-1, backup, standing by', 'redudantservice-1, ready'];
  for (const page of pages) {
    await expectMembers(page, atRest);
    await page.locator('#head').getByText('In step').waitFor();
    await page.evaluate("document.body.dataset.mark = 'not loaded again'");
  }

  await journey.compose.run('up', '-d', '--no-build', '--scale', 'flaskservice=3', 'flaskservice');
  for (const page of pages) {
    await expectMembers(page, [...atRest, 'flaskservice-2, ready', 'flaskservice-3, ready'].sort());
    const joined = page.locator('.event.joined', { hasText: 'flaskservice-3' });
    expect(await joined.locator('.stages summary').innerText()).toMatch(/\d m?s/);
  }

  await journey.compose.run('up', '-d', '--no-build', '--scale', 'flaskservice=1', 'flaskservice');
  for (const page of pages) {
    await expectMembers(page, atRest);
    await page.locator('.event.left', { hasText: 'flaskservice-3' }).waitFor();
    expect(await page.evaluate('document.body.dataset.mark')).toBe('not loaded again');
    await page.close();
  }
  expect(errors).toEqual([]);

  const drain = { method: 'POST', body: JSON.stringify({ container: 'flaskservice' }) };
  expect((await fetch(`http://127.0.0.1:${String(journey.port)}/lbwatch/drain`, drain)).status).toBe(403);
}, 90_000);

test('the backup takes over, and is shown serving; lbwatch itself restarts, and the page finds it again', async () => {
  const page = await openPage(`http://127.0.0.1:${String(statusPort)}/`);
  await journey.compose.run('stop', '-t', '1', 'flaskservice', 'redudantservice');
  await page.getByRole('button', { name: /gotyourback-1, backup, serving/ }).waitFor({ timeout: 20_000 });
  await journey.compose.run('start', 'flaskservice', 'redudantservice');
  await page.getByRole('button', { name: /gotyourback-1, backup, standing by/ }).waitFor({ timeout: 20_000 });

  await journey.compose.run('stop', '-t', '5', 'lbwatch');
  await page.getByRole('alert').filter({ hasText: 'The connection to lbwatch is lost' }).waitFor();
  await journey.compose.run('up', '-d', '--no-build', '--no-deps', '--scale', 'flaskservice=2', 'flaskservice');
  await journey.compose.run('start', 'lbwatch');
  await page.getByRole('button', { name: /flaskservice-2, ready/ }).waitFor({ timeout: 30_000 });
  expect(await page.getByRole('alert').isVisible()).toBe(false);
  expect(errors).toEqual([]);
  await page.close();
}, 120_000);

async function openPage(url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1360, height: 860 } });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      errors.push(message.text());
  });
  // The site is served as soon as nginx runs, lbwatch's port a moment later.
  await eventually(
    `an answer of ${url}`,
    async () => {
      expect((await page.goto(url))?.status()).toBe(200);
    },
    { withinMs: 30_000, everyMs: 200 },
  );
  return page;
}

/** Waits until the pool has exactly these members, each with its state. */
async function expectMembers(page: Page, wanted: readonly string[]): Promise<void> {
  await eventually(
    'these members',
    async () => {
      const buttons = await page.getByRole('region', { name: 'Pool flaskappproxy' }).getByRole('button').all();
      const labels = await Promise.all(buttons.map((button) => button.getAttribute('aria-label', { timeout: 1000 })));
      const names = labels.map((label) =>
        (label ?? '').replace(`${journey.project}-`, '').replace(/, \d+\.\d+\.\d+\.\d+:.*$/, ''),
      );
      expect(names.sort()).toEqual(wanted);
    },
    { withinMs: 30_000, everyMs: 100 },
  );
}
