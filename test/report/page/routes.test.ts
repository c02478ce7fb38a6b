/** How the files of the page are served. */
import fastify from 'fastify';
import { expect, test } from '@jest/globals';

import { addPageRoutes } from '../../../src/report/page-routes.ts';
import { buildPage } from '../../support/built-page.ts';

/** `light-my-request` is left out of the bundle alone. */
async function get(url: string, headers: Readonly<Record<string, string>> = {}) {
  const server = fastify();
  addPageRoutes(server, buildPage);
  return server.inject({ url, headers });
}

test.each([
  ['/', 'text/html; charset=utf-8'],
  ['/page.js', 'text/javascript; charset=utf-8'],
  ['/page.css', 'text/css; charset=utf-8'],
  ['/icon.svg', 'image/svg+xml'],
])('%s may do nothing but load the page’s own files, in nobody’s frame', async (url, type) => {
  const { statusCode, headers, body } = await get(url);
  expect(statusCode).toBe(200);
  expect(body.length).toBeGreaterThan(200);
  expect(headers['content-type']).toBe(type);
  expect(headers['x-content-type-options']).toBe('nosniff');
  const policy = headers['content-security-policy'];
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|data:|\*|https?:/);
});

test('what a browser has is not sent again, also where a proxy has weakened its tag', async () => {
  const { headers } = await get('/page.js');
  expect(headers['cache-control']).toBe('no-cache');
  const etag = String(headers.etag);
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const second = await get('/page.js', { 'if-none-match': known });
    expect({ code: second.statusCode, body: second.body }).toEqual({ code: 304, body: '' });
  }
  expect((await get('/page.js', { 'if-none-match': '"other"' })).statusCode).toBe(200);
});

test('the page has nothing inline, names nothing outside itself, and is small', async () => {
  const { html, script, style } = await buildPage();
  expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc="page\.js")/);
  expect([...html.matchAll(/(?:href|src)="(?!#)([^"]*)"/g)].map(([, path]) => path).sort()).toEqual([
    'icon.svg',
    'page.css',
    'page.js',
  ]);
  expect(style).not.toMatch(/url\(|@import/);
  expect(script).not.toMatch(/\beval\(|new Function/);
  expect(html.length + script.length + style.length).toBeLessThan(60_000);
});
