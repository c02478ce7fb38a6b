import { createHash } from 'node:crypto';

import type { FastifyInstance } from 'fastify';

/** The files of the status page, as they are served. */
export interface PageTexts {
  readonly html: string;
  readonly script: string;
  readonly style: string;
  readonly icon: string;
}

/** Written into the bundle by src/build.mjs; the sources by themselves have no page. */
declare const lbwatchPage: PageTexts | undefined;

/** The page of this bundle; undefined where the sources run unbundled. */
export function bundledPage(): PageTexts | undefined {
  return typeof lbwatchPage === 'undefined' ? undefined : lbwatchPage;
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
export function addPageRoutes(server: FastifyInstance, { html, script, style, icon }: PageTexts): void {
  const files = [
    { path: '/', type: 'text/html; charset=utf-8', text: html },
    { path: '/page.js', type: 'text/javascript; charset=utf-8', text: script },
    { path: '/page.css', type: 'text/css; charset=utf-8', text: style },
    { path: '/icon.svg', type: 'image/svg+xml', text: icon },
  ];
  for (const { path, type, text } of files) {
    const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
    server.get(path, (request, reply) => {
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
