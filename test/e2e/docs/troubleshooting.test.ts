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

let directory: string;
let project: string;
let port: number;
let compose: Compose;
let page: PageReader;
let site: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lbwatch-trouble-'));
  project = basename(directory).toLowerCase();
  await cp(join(root, 'test/e2e/docs/trouble'), directory, { recursive: true });
  await cp(join(root, 'examples/minimal/app.mjs'), join(directory, 'app.mjs'));
  site = await readFile(join(directory, 'nginx/conf.d/shop.conf'), 'utf8');
  port = await freePort();
  const environment = { COMPOSE_PROJECT_NAME: project, HTTP_PORT: String(port) };
  compose = await Compose.find({ directory, environment });
  page = new PageReader(readSteps(await readFile(join(root, 'docs/troubleshooting.md'), 'utf8')), {
    directory,
    environment,
    typed: { 'localhost:8080': `localhost:${String(port)}`, 'shop-app-1': `${project}-app-1` },
    names: { [project]: 'shop', [`localhost:${String(port)}`]: 'localhost:8080' },
  });
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
  await page.see('docker compose exec lbwatch lbwatch explain');
}, 60_000);

test('nginx answers 503, 502 and 504', async () => {
  // With its port answering, one that is only not yet healthy would serve in place of nobody.
  await compose.run('stop', 'app', 'stock');
  await page.see('curl -si localhost:8080/');
  await compose.run('start', 'app');
  expect(await ask('/broken/')).toBe(502);
  await page.see('docker compose logs nginx');
  expect(await ask('/hung/')).toBe(504);
  await page.see('docker compose logs nginx');
}, 60_000);

test('an edit that nginx refuses, also when it starts', async () => {
  await edit('proxy_connect_timeout', 'proxy_conect_timeout');
  await page.see('docker compose logs lbwatch');
  await edit('http://app', 'http://app.internal');
  await compose.run('restart', '-t', '2', 'nginx');
  await page.see('docker compose logs nginx');
  await mend();
}, 60_000);

test('an upstream block of its own', async () => {
  await writeSite(`${site}upstream app { server 127.0.0.1:1; }\n`);
  await page.see('docker compose exec lbwatch lbwatch explain shop-app-1');
  await mend();
}, 60_000);

test('nginx does not answer: no network in common; no include', async () => {
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
  await page.see('docker compose run --rm');
  await compose.run('up', '-d', '--no-recreate', '--scale', 'lbwatch=2');
  await page.see('docker compose logs lbwatch');
  expect(page.left).toEqual([]);
}, 60_000);

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
