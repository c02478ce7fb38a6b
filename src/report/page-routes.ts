import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import type { FastifyInstance } from 'fastify';

/** The files of the status page, as they are served. */
export interface PageTexts {
  readonly html: string;
  readonly script: string;
  readonly style: string;
  readonly icon: string;
}

/** Where the page is, beside the bundle: written into it by src/build.mjs. The sources by themselves have no page. */
declare const lbwatchPage: string | undefined;

/**
 * Reads the page of this bundle each time that somebody asks for it: most controllers are looked at seldom, and it would
 * take memory in all. Undefined where the sources run unbundled.
 */
export function bundledPage(): (() => Promise<PageTexts>) | undefined {
  if (typeof lbwatchPage === 'undefined') return undefined;
  const file = new URL(lbwatchPage, import.meta.url);
  const parse: (json: string) => PageTexts = JSON.parse;
  return async () => parse(await readFile(file, 'utf8'));
}

/**
 * What the page may do: load its own three files and talk to its own server, nothing else. Trusted types leave it one way
 * from text to elements, lit-html's for the templates of the page's own code; what containers say can never take it.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types lit-html',
].join('; ');

/**
 * `./`, `./page.js`, `./page.css`, `./icon.svg`. All that the page asks for is relative to where it is, so that it works
 * behind any prefix that ends with a slash. Browsers keep it and ask each time whether it is still the same.
 */
export function addPageRoutes(server: FastifyInstance, readPage: () => Promise<PageTexts>): void {
  const files = [
    { path: '/', type: 'text/html; charset=utf-8', key: 'html' },
    { path: '/page.js', type: 'text/javascript; charset=utf-8', key: 'script' },
    { path: '/page.css', type: 'text/css; charset=utf-8', key: 'style' },
    { path: '/icon.svg', type: 'image/svg+xml', key: 'icon' },
  ] as const;
  for (const { path, type, key } of files) {
    server.get(path, async (request, reply) => {
      const { [key]: text } = await readPage();
      const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
      reply.headers({
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-cache',
        etag,
      });
      const known = request.headers['if-none-match'] ?? '';
      return known.includes(etag) ? reply.code(304).send() : reply.type(type).send(text);
    });
  }
}
