import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

/**
 * A real Chromium: the one of `LAB_CHROMIUM`, which `npm test` sets. Without the sandbox where root runs it, which Chromium
 * refuses otherwise; it only ever sees pages of ours.
 */
export async function startBrowser(): Promise<Browser> {
  const executablePath = process.env['LAB_CHROMIUM'] ?? '';
  if (executablePath === '') {
    throw new Error('LAB_CHROMIUM names no Chromium: run `npm test -- PATH`, which finds or installs one');
  }
  const args = ['--disable-gpu', '--disable-dev-shm-usage', '--font-render-hinting=none', '--disable-lcd-text'];
  return chromium.launch({ executablePath, args, chromiumSandbox: process.getuid?.() !== 0 });
}
