import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

import type { StatusDocument } from '../../src/report/status-document.ts';
import { startBrowser } from './browser.ts';
import { FakeStatusServer } from './fake-status-server.ts';

interface OpenPage {
  readonly page: Page;
  readonly server: FakeStatusServer;
}

type OpenOptions = BrowserContextOptions & { readonly prefix?: string };

/** Opens the page of a fake server and waits until it shows the status. */
export type Open = (status: StatusDocument, options?: OpenOptions) => Promise<OpenPage>;

/**
 * Starts a browser for the tests of a file. Each page that a test opens has a server of its own, and must have run without
 * any error: none of its own, and nothing that the policy refused.
 */
export function usePage(take: (open: Open) => void): void {
  let browser: Browser;
  const ends: (() => Promise<void>)[] = [];
  const errors: string[] = [];

  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    expect(errors.splice(0)).toEqual([]);
  });

  take(async (status, { prefix = '', ...options } = {}) => {
    const server = await FakeStatusServer.start(status, prefix);
    const context = await browser.newContext({ viewport: { width: 1360, height: 860 }, ...options });
    context.setDefaultTimeout(10_000);
    ends.push(
      () => context.close(),
      () => server.goAway(),
    );
    const page = await context.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      // A server that is away is what some tests are about.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        errors.push(message.text());
      }
    });
    await page.goto(server.url);
    await page.getByRole('heading', { level: 2, name: /^\d[\d,]* pools?, / }).waitFor();
    return { page, server };
  });
}
