/** What the pages of docs/ show is so: links lead somewhere, labels mean something, nginx takes what it is shown. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { parse } from 'yaml';

import { listStrayProblems, parseLabels } from '../../src/core/labels.ts';
import { container } from '../support/container.ts';
import { root } from '../support/journey.ts';
import { NginxProcess } from '../support/nginx-process.ts';
import { readBlocks } from '../support/readme.ts';

const pages = ['README.md', 'SECURITY.md', 'src/README.md', 'examples/README.md', ...listDocs()];

function listDocs(): readonly string[] {
  return readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
}

function listDocsWith(language: string): readonly string[] {
  return listDocs().filter((page) => readBlocks(readFileSync(join(root, page), 'utf8'), language).length > 0);
}

test.each(pages)('%s: its links lead to files and headings that are there', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const broken = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(
    ([link, path = '', heading]) => {
      const file = path === '' ? join(root, page) : join(root, dirname(page), path);
      if (!existsSync(file)) return [link];
      return heading === undefined || listAnchors(readFileSync(file, 'utf8')).includes(heading) ? [] : [link];
    },
  );
  expect(broken).toEqual([]);
});

test('the index names every page', () => {
  const index = readFileSync(join(root, 'docs/README.md'), 'utf8');
  expect(listDocs().filter((page) => page !== 'docs/README.md' && !index.includes(`(${page.slice(5)})`))).toEqual([]);
});

test.each(listDocsWith('yaml'))('%s: its labels parse without a problem', (page) => {
  for (const block of readBlocks(readFileSync(join(root, page), 'utf8'), 'yaml')) {
    for (const labels of listLabels(parse(block))) {
      const labelled = container({ labels });
      expect([...parseLabels(labelled).problems, ...listStrayProblems(labelled)]).toEqual([]);
    }
  }
});

// What migrate.md shows is a whole nginx.conf, and read by nginx in the test of `lbwatch init`.
test.each(listDocsWith('nginx').filter((page) => page !== 'docs/migrate.md'))(
  '%s: nginx takes what it shows of nginx',
  async (page) => {
    for (const block of readBlocks(readFileSync(join(root, page), 'utf8'), 'nginx')) {
      const streams = /^stream \{\n(.*)^\}$/ms.exec(block)?.[1];
      const nginx = new NginxProcess({
        generated: 'upstream app { server 127.0.0.1:1; }\n',
        streams: 'upstream db { server 127.0.0.1:1; }\n',
        site: streams === undefined ? block : '',
        ...(streams === undefined ? {} : { stream: streams.replace(/^ *include .*$/m, '') }),
      });
      try {
        const tested = await execa('sh', ['-c', `${nginx.command} -t`], { reject: false, all: true });
        expect([tested.all, tested.exitCode]).toEqual([expect.anything(), 0]);
      } finally {
        await nginx.remove();
      }
    }
  },
);

/** The anchors that the headings of a page have on GitHub. */
function listAnchors(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  );
}

function listLabels(compose: unknown): readonly Readonly<Record<string, string>>[] {
  if (!isRecord(compose) || !isRecord(compose['services'])) return [];
  return Object.values(compose['services']).flatMap((service) => {
    const labels = isRecord(service) ? service['labels'] : undefined;
    if (!isRecord(labels)) return [];
    return [Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]))];
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
