/** Whatever a container says of itself is text on the page, and nothing else. */
import { expect, test } from '@jest/globals';

import { printableLine } from '../../../src/core/printable.ts';
import type { StatusDocument } from '../../../src/report/status-document.ts';
import { readCorpus } from '../../core/hostile/corpus.ts';
import { eventually } from '../../support/eventually.ts';
import { ago, event, member, pool, status } from '../../support/made-up-status.ts';
import { usePage } from '../../support/use-page.ts';
import type { Open } from '../../support/use-page.ts';

let open: Open;
usePage((given) => {
  open = given;
});

/** What a page is attacked with, which nginx would not mind. */
const markup = [
  '<script>globalThis.owned = 1</script>',
  '<img src=x onerror="globalThis.owned = 1">',
  '"><svg onload="globalThis.owned = 1">',
  "' onfocus='globalThis.owned = 1' autofocus='",
  'javascript:globalThis.owned=1',
  '<!--?lit$1$-->${globalThis.owned = 1}{{constructor}}',
  '</title></style></textarea><iframe srcdoc="<script>parent.owned=1</script>">',
  '&lt;b&gt;&#60;i&#62;',
  '\u202e\u2066gnp.exe\u2069\u200b',
];

/** What is very long is cut. */
function seenAs(text: string): string {
  return printableLine(text.length > 1000 ? `${text.slice(0, 1000)}…` : text);
}

/** No two look the same. Megabytes of one letter would be a test of the wire; so much is enough to be cut. */
const texts = [
  ...new Map(
    [...markup, ...readCorpus().map(({ text }) => text.slice(0, 2000))].map((text) => [seenAs(text), text]),
  ).values(),
];

/** All that is foreign is one of these texts, each in every place. */
function say(foreign: readonly string[]): StatusDocument {
  const each = foreign.map((text, index) =>
    member('api', index, {
      container: text,
      service: text,
      project: text,
      node: text,
      task: { id: text, containerId: text },
      address: text,
      reason: text,
      state: 'starting',
      isIn: false,
    }),
  );
  const [first = ''] = foreign;
  return status({
    lbwatch: { version: '0.1.0', startedAt: ago(60), project: first },
    digest: first,
    outcome: { kind: 'rejected', message: first, at: ago(1), sinceEventMs: 1 },
    nginx: foreign.map((text) => ({ name: text, answersAt: text, version: text, digest: text, inStep: false })),
    pools: each.map((one) => pool(one.container, [one], { method: one.container })),
    outside: each.map((one) => ({ ...one, pool: one.container })),
    problems: foreign.map((text) => ({ container: text, node: text, label: text, effect: 'out', message: text })),
    notes: [...foreign],
  });
}

const plain = texts.map((_, index) => `plain-${String(index)}`);

test('no text makes an element, runs, or loads anything; what is invisible in it is seen', async () => {
  const { page, server } = await open(say(plain));
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  const elements = await page.locator('*').count();
  expect(elements).toBeGreaterThan(50 * texts.length);
  server.show(say(texts));
  const names = page.locator('.pool h3');
  await eventually(
    'each pool under its name',
    async () => {
      expect(await names.allTextContents()).toEqual(texts.map(seenAs));
    },
    { withinMs: 20_000 },
  );
  expect(await page.locator('*').count()).toBe(elements);
  expect(await page.locator('.outside .message').allTextContents()).toEqual(texts.map(seenAs));
  expect(await page.locator('.problem .message').allTextContents()).toEqual(texts.map(seenAs));
  expect(await page.evaluate('globalThis.owned')).toBeUndefined();
  expect(requests).toEqual([]);
}, 60_000);

test('nor in the details', async () => {
  const { page } = await open(say(markup));
  for (const [index, text] of markup.entries()) {
    await page.locator('.member button').nth(index).click();
    await page.locator('#details h2', { hasText: seenAs(text) }).waitFor();
    expect(await page.locator('#details h2, #details dd, #details dd code').allTextContents()).toContain(seenAs(text));
    expect(await page.locator('#details dd *:not(code, span, svg, use)').count()).toBe(0);
  }
  expect(await page.evaluate('globalThis.owned')).toBeUndefined();
});

test('nor in what happened', async () => {
  const { page, server } = await open(status());
  server.tell(
    ...texts.map((text) =>
      event('problem', text, { container: text, pool: text, nginx: [text, text], sinceEventMs: 1 }),
    ),
  );
  const rows = page.locator('.event');
  await rows.nth(texts.length - 1).waitFor();
  expect(await rows.first().locator('.text').textContent()).toBe(seenAs(texts.at(-1) ?? ''));
  const count = "[...document.querySelectorAll('.event')].map((row) => row.querySelectorAll('*').length)";
  expect(new Set(await page.evaluate<number[]>(count)).size).toBe(1);
  expect(await page.evaluate('globalThis.owned')).toBeUndefined();
});
