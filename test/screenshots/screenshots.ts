/**
 * Takes the README's pictures of the status page, of the shipped stack on a real engine, into docs/images/. Nothing but
 * `npm run screenshots` writes them.
 */
import { cp, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

import { startBrowser } from '../support/browser.ts';
import { Compose } from '../support/compose.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { root } from '../support/journey.ts';
import { runProgram } from '../support/program.ts';

/** What the reader sees as the project's name. */
const project = 'shop';
const mostBytes = 150_000;

const pictures: readonly (BrowserContextOptions & { readonly name: string })[] = [
  { name: 'status-light', viewport: { width: 1120, height: 630 }, colorScheme: 'light' },
  { name: 'status-dark', viewport: { width: 1120, height: 630 }, colorScheme: 'dark' },
  { name: 'status-phone', viewport: { width: 360, height: 780 }, colorScheme: 'light', isMobile: true },
];

await runProgram({
  usage: 'npm run screenshots    writes docs/images/status-*.png',
  readOptions(words: readonly string[]) {
    if (words.length > 0) throw new Error(`unknown option ${words.join(' ')}`);
  },
  async main() {
    const directory = await mkdtemp(join(tmpdir(), 'lbwatch-screenshots-'));
    const statusPort = await freePort();
    const environment = { HTTP_PORT: String(await freePort()), STATUS_PORT: String(statusPort) };
    const compose = await Compose.find({ directory, project, environment });
    const { stdout: others } = await compose.docker(
      'ps',
      '-aq',
      '--filter',
      `label=com.docker.compose.project=${project}`,
    );
    if (others !== '') throw new Error(`there are containers of a project ${project} already; remove them first`);
    const browser = await startBrowser();
    try {
      await cp(join(root, 'docker-compose.yaml'), join(directory, 'docker-compose.yaml'));
      const override = 'docker-compose.override.yaml';
      await cp(join(root, 'test/screenshots', override), join(directory, override));
      await cp(join(root, 'nginx'), join(directory, 'nginx'), { recursive: true });
      await play(compose, await openPage(browser, statusPort));
      for (const { name, ...options } of pictures) await take(await openPage(browser, statusPort, options), name);
    } finally {
      await browser.close();
      await compose.down();
      await rm(directory, { recursive: true, force: true });
    }
    return 0;
  },
});

/** Something happens, so that there is something to see. */
async function play(compose: Compose, page: Page): Promise<void> {
  const up = (...words: readonly string[]) => compose.run('up', '-d', '--no-build', ...words);
  await up('--scale', 'flaskservice=2');
  await eventually('the page', () => page.reload(), { withinMs: 30_000, everyMs: 500 });
  await page.getByRole('button', { name: /flaskservice-2, ready/ }).waitFor();
  await up('--scale', 'flaskservice=5', 'flaskservice');
  await page.getByRole('button', { name: /flaskservice-5, ready/ }).waitFor();
  await compose.run('stop', '-t', '2', 'redudantservice');
  await page.locator('.event.left', { hasText: 'redudantservice' }).first().waitFor();
}

async function openPage(browser: Browser, port: number, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage(options);
  // The first time nobody answers yet.
  await page.goto(`http://127.0.0.1:${String(port)}/`).catch(() => undefined);
  return page;
}

async function take(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: /flaskservice-5, ready/ }).waitFor();
  // Nobody is still moving.
  await eventually(
    'rest',
    async () => {
      if ((await page.locator('.joining, .leaving, .changing').count()) > 0) throw new Error('somebody moves');
    },
    { withinMs: 10_000 },
  );
  const folder = join(root, 'docs/images');
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path });
  const { size } = await stat(path);
  if (size > mostBytes) throw new Error(`${path} has ${String(size)} bytes, more than ${String(mostBytes)}`);
  process.stdout.write(`${path}: ${String(size)} bytes\n`);
}
