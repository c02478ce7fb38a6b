/** The page in little room, in the dark, below a prefix, and with very many members. */
import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';

import { eventually } from '../../support/eventually.ts';
import { event, member, members, pool, stagesOf, status } from '../../support/made-up-status.ts';
import { usePage } from '../../support/use-page.ts';
import type { Open } from '../../support/use-page.ts';

let open: Open;
usePage((given) => {
  open = given;
});

/** With no place to break it. */
const long = 'averylongnameofaservicethatsomebodythoughtagoodidea0123456789'.repeat(2);

const full = status({
  pools: [
    pool('api', [...members('api', 8), member(long, 1, { state: 'starting', isIn: false, reason: long, node: long })]),
    pool(long, [...members('web', 40), member('web', 41, { node: long }), member('web', 42, { node: 'worker-1' })]),
  ],
  outside: [{ ...member(long, 2, { state: 'out', isIn: false, node: long }), pool: long }],
  problems: [{ container: long, node: long, label: 'lb.pool', effect: 'out', message: long }],
  notes: [long],
});

test.each([360, 700, 1024, 1920])('at %i pixels nothing is cut off at the side', async (width) => {
  const { page, server } = await open(full, { viewport: { width, height: 740 } });
  server.tell(event('joined', long, { pool: long, sinceEventMs: 90, stages: stagesOf(90) }));
  await page.locator('.event').waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  const cut = await page.evaluate<string[]>(
    `[...document.querySelectorAll('main *:not(.unseen), #head *:not(.unseen)')]
      .filter((element) => element.getBoundingClientRect().right > ${String(width)})
      .map((element) => element.className)`,
  );
  expect(cut).toEqual([]);
});

test('on a phone the details are at the bottom, in reach of a thumb', async () => {
  const { page } = await open(full, { viewport: { width: 360, height: 740 }, hasTouch: true });
  await page.getByRole('button', { name: /^shop-api-2,/ }).tap();
  const box = await page.locator('#details .card').boundingBox();
  expect(box).toMatchObject({ x: 0, width: 360 });
  expect((box?.y ?? 0) + (box?.height ?? 0)).toBe(740);
});

test.each(['light', 'dark'] as const)('%s: all text can be read', async (colorScheme) => {
  const states = (['ready', 'starting', 'draining', 'unhealthy', 'out'] as const).map((state, index) =>
    member('api', index + 1, { state, isIn: state === 'ready', node: `worker-${String(index)}` }),
  );
  const { page, server } = await open(
    status({
      staleSince: new Date().toISOString(),
      outcome: { kind: 'rejected', message: 'x', at: new Date().toISOString(), sinceEventMs: 1 },
      pools: [pool('api', [...states, member('spare', 1, { role: 'backup', state: 'standby' })])],
    }),
    { colorScheme },
  );
  server.tell(event('joined', 'x', { pool: 'api', sinceEventMs: 90 }));
  await page.locator('.event').waitFor();
  const { luminance, failing } = await measureContrast(page);
  expect(luminance < 0.2).toBe(colorScheme === 'dark');
  expect(failing).toEqual([]);
});

test('below a prefix, as behind a proxy, all is found', async () => {
  const { page, server } = await open(status({ pools: [pool('api', members('api', 1))] }), { prefix: '/ops/lb' });
  const asked = new Set<string>();
  page.on('response', (response) =>
    asked.add(`${response.status() < 400 ? '' : 'failed '}${new URL(response.url()).pathname}`),
  );
  await page.reload();
  await page.locator('.member').waitFor();
  await eventually(
    'the icon',
    () => {
      const paths = ['', 'api/stream', 'icon.svg', 'page.css', 'page.js'];
      expect([...asked].sort()).toEqual(paths.map((path) => `/ops/lb/${path}`));
    },
    { withinMs: 5_000 },
  );
  server.show(status({ pools: [pool('api', members('api', 2))] }));
  await page.locator('.member').nth(1).waitFor();
});

test('2,000 members: who needs a look comes first by name, and a change of one touches one', async () => {
  const list = (state: 'starting' | 'ready') => [
    ...members('api', 1999),
    member('api', 2000, { state, isIn: state === 'ready' }),
  ];
  const { page, server } = await open(status({ pools: [pool('api', list('ready'))] }));
  await page.locator('.member').nth(1999).waitFor();
  await page.evaluate(`
    globalThis.touched = new Set();
    new MutationObserver((records) => {
      for (const { target } of records) {
        const member = (target.nodeType === 1 ? target : target.parentElement).closest('.member');
        if (member !== null) touched.add(member.textContent.trim());
      }
    }).observe(document.querySelector('.members'), { subtree: true, childList: true, attributes: true, characterData: true });
  `);
  server.show(status({ pools: [pool('api', list('starting'))] }));
  await page.locator('.member.starting').waitFor();
  expect(await page.locator('.member').first().innerText()).toBe('api-2000');
  // The stop of the tabulator moves from the one that was first.
  expect(await page.evaluate('[...touched].sort()')).toEqual(['api-1', 'api-2000']);
  await page.keyboard.press('/');
  await page.keyboard.type('api-1234');
  await page.getByText('1 member found').waitFor();
});

test('what moves is left to the compositor: anything else would have all members painted anew in each frame', async () => {
  const { page } = await open(status());
  const animated = await page.evaluate<string[]>(
    `[...document.styleSheets]
      .flatMap((sheet) => [...sheet.cssRules])
      .filter((rule) => rule instanceof CSSKeyframesRule)
      .flatMap((rule) => [...rule.cssRules])
      .flatMap((frame) => [...frame.style])`,
  );
  expect(new Set(animated)).toEqual(new Set(['opacity', 'transform']));
});

/** How light the ground is, and the texts with a contrast below 4.5 to 1, the least of WCAG 2's level AA. */
function measureContrast(page: Page): Promise<{ readonly luminance: number; readonly failing: readonly string[] }> {
  return page.evaluate(`(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const read = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return canvas.getImageData(0, 0, 1, 1).data;
    };
    const luminance = (colour) => {
      const [red, green, blue] = [...read(colour)].slice(0, 3).map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const groundOf = (element) => {
      for (let at = element; at !== null; at = at.parentElement) {
        const ground = getComputedStyle(at).backgroundColor;
        if (read(ground)[3] === 255) return ground;
      }
      throw new Error('no ground');
    };
    const failing = [...document.querySelectorAll('body *')]
      .filter((element) => element.checkVisibility() && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''))
      .map((element) => {
        const [dark, light] = [getComputedStyle(element).color, groundOf(element)].map(luminance).sort((a, b) => a - b);
        return { what: element.className + ' ' + element.textContent.trim(), contrast: (light + 0.05) / (dark + 0.05) };
      })
      .filter(({ contrast }) => contrast < 4.5)
      .map(({ what, contrast }) => what + ': ' + contrast.toFixed(2));
    return { luminance: luminance(getComputedStyle(document.body).backgroundColor), failing };
  })()`);
}
