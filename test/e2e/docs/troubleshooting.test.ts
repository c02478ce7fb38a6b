/** Each symptom of docs/troubleshooting.md, on a stack that has it: the page's commands print what the page shows. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { Compose } from '../../support/compose.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { root } from '../../support/journey.ts';
import { PageReader } from '../../support/page-reader.ts';
import { readSteps } from '../../support/page-steps.ts';
import type { Step } from '../../support/page-steps.ts';

let directory: string;
let project: string;
let port: number;
let compose: Compose;
let steps: readonly Step[];
const tried = new Set<string>();
let site: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lbwatch-trouble-'));
  project = basename(directory).toLowerCase();
  await cp(join(root, 'test/e2e/docs/trouble'), directory, { recursive: true });
  await cp(join(root, 'examples/minimal/app.mjs'), join(directory, 'app.mjs'));
  site = await readFile(join(directory, 'nginx/conf.d/shop.conf'), 'utf8');
  port = await freePort();
  compose = await Compose.find({ directory, environment: environment() });
  steps = readSteps(await readFile(join(root, 'docs/troubleshooting.md'), 'utf8'));
  await compose.run('up', '-d');
  const foreign = ['--name', `${project}-old-app`, '--label', 'com.docker.compose.project=old'];
  const created = await compose.docker('create', ...foreign, 'lbwatch/flask');
  expect([created.ok, created.stderr]).toEqual([true, '']);
  await eventually(
    'the app being served',
    async () => {
      expect(await ask('/')).toBe(200);
    },
    { withinMs: 60_000 },
  );
}, 120_000);

afterAll(async () => {
  await compose.docker('rm', '-f', `${project}-old-app`);
  await compose.down();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

test('three questions, the log, and more of it for a while', async () => {
  const page = section('When it does not do what you expect');
  await page.see('docker compose exec lbwatch lbwatch doctor', (output) => {
    expect(output).toMatch(/^state +in step$/m);
  });
  expect(await page.follow('docker compose logs --tail 50 lbwatch')).toContain('pool changed');
  await page.follow('docker compose kill -s USR2 lbwatch\ndocker compose kill -s USR2 lbwatch');
  await eventually(
    'the log telling of both',
    async () => {
      expect((await compose.logs('lbwatch')).join('\n').match(/log level changed/g)).toHaveLength(2);
    },
    { withinMs: 10_000 },
  );
}, 60_000);

test('a container does not join', async () => {
  const page = section('A container does not join');
  await page.see('docker compose exec lbwatch lbwatch explain');
}, 60_000);

test('nginx answers 503, 502 and 504', async () => {
  // With its port answering, one that is only not yet healthy would serve in place of nobody.
  await compose.run('stop', 'app', 'stock');
  await section('nginx answers 503').see('curl -si localhost:8080/');
  await compose.run('start', 'app');
  expect(await ask('/broken/')).toBe(502);
  await section('nginx answers 502').see('docker compose logs nginx');
  expect(await ask('/hung/')).toBe(504);
  await section('nginx answers 504').see('docker compose logs nginx');
}, 60_000);

test('an edit that nginx refuses, also when it starts', async () => {
  await edit('proxy_connect_timeout', 'proxy_conect_timeout');
  await section("An edit of nginx's configuration has no effect").see('docker compose logs lbwatch');
  await edit('http://app', 'http://app.internal');
  await compose.run('restart', '-t', '2', 'nginx');
  await section('nginx does not start').see('docker compose logs nginx');
  await mend();
}, 60_000);

test('an upstream block of its own', async () => {
  const page = section('The pool has an upstream block of its own');
  await writeSite(`${site}upstream app { server 127.0.0.1:1; }\n`);
  await page.see('docker compose exec lbwatch lbwatch explain shop-app-1');
  await mend();
}, 60_000);

test('nginx does not answer: no network in common; no include', async () => {
  const page = section('"has the configuration but does not answer"');
  const [lbwatch] = await compose.running('lbwatch');
  await compose.docker('network', 'disconnect', `${project}_default`, lbwatch?.name ?? '');
  await page.see('docker compose logs lbwatch');
  await compose.docker('network', 'connect', `${project}_default`, lbwatch?.name ?? '');

  const path = join(directory, 'nginx/nginx.conf');
  const original = await readFile(path, 'utf8');
  await writeFile(path, original.replace(/^.*\/upstreams\.conf;$/m, ''));
  await writeSite('');
  await page.see('docker compose exec lbwatch lbwatch doctor');
  await writeFile(path, original);
  await mend();
}, 60_000);

test('no permission for the socket; another lbwatch', async () => {
  await section('Permission denied on the socket').see('docker compose run --rm');
  await compose.run('up', '-d', '--no-recreate', '--scale', 'lbwatch=2');
  await section('Another lbwatch keeps the directory').see('docker compose logs lbwatch');
}, 60_000);

test('nothing on the page was left untried', () => {
  expect(steps.filter(({ heading }) => !tried.has(heading))).toEqual([]);
});

/** Somebody who does what one section says. */
function section(heading: string): PageReader {
  tried.add(heading);
  const here = steps.filter((step) => step.heading === heading);
  return new PageReader(here, {
    directory,
    environment: environment(),
    typed: { 'localhost:8080': `localhost:${String(port)}`, 'shop-app-1': `${project}-app-1` },
    names: {
      [project]: 'shop',
      [`localhost:${String(port)}`]: 'localhost:8080',
      [`127.0.0.1:${String(port)}`]: 'localhost:8080',
    },
  });
}

function environment(): Readonly<Record<string, string>> {
  return { COMPOSE_PROJECT_NAME: project, HTTP_PORT: String(port) };
}

async function ask(path: string): Promise<number> {
  return (await fetch(`http://127.0.0.1:${String(port)}${path}`)).status;
}

async function edit(before: string, after: string): Promise<void> {
  expect(site).toContain(before);
  await writeSite(site.replace(before, after));
}

function writeSite(text: string): Promise<void> {
  return writeFile(join(directory, 'nginx/conf.d/shop.conf'), text);
}

/** Puts the site back as it was, and waits until nginx serves by it. */
async function mend(): Promise<void> {
  await writeSite(site);
  await eventually(
    'all being well again',
    async () => {
      expect(await ask('/')).toBe(200);
      expect(await compose.exec('lbwatch', 'lbwatch', 'doctor')).toMatch(/^ok +nginx /m);
    },
    { withinMs: 30_000 },
  );
}
