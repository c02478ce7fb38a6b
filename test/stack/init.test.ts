/**
 * Each folder of init/ is a stack as somebody may have written it (before/), and beside it what `lbwatch init` would
 * change. What it makes of it is checked, and tested by a real nginx.
 */
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';

import '../support/native-errors.ts';
import { planFiles } from '../../src/adapters/plan-files.ts';
import type { FilesPlan } from '../../src/adapters/plan-files.ts';
import { readProject, readSiteTexts } from '../../src/adapters/read-stack.ts';
import { writeTogether } from '../../src/adapters/write-together.ts';
import { examine } from '../../src/cli/check.ts';
import { renderDifference, renderRemarks } from '../../src/cli/init.ts';
import { decide } from '../../src/core/desired.ts';
import { render } from '../../src/core/render.ts';
import { readSite } from '../../src/core/site.ts';
import { foresee } from '../../src/stack/as-containers.ts';
import { circumstances } from '../support/circumstances.ts';
import { findNginx, loadStreamModule } from '../support/nginx-binary.ts';

const folder = join(import.meta.dirname, 'init');
const cases = (await readdir(folder)).sort();
const environment = { COMPOSE_PROJECT_NAME: 'shop' };
const dir = '/etc/nginx/lbwatch';

async function planOf(directory: string): Promise<FilesPlan> {
  return planFiles(await readProject([], { folder: directory, environment, asksDocker: false }), dir, undefined);
}

describe.each(cases)('%s', (name) => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lbwatch-init-'));
    await cp(join(folder, name, 'before'), directory, { recursive: true });
  });
  afterAll(() => rm(directory, { recursive: true }));

  test('is changed as expected', async () => {
    const plan = await planOf(directory);
    const obstacle = plan.obstacle === undefined ? '' : `obstacle: ${plan.obstacle}\n`;
    const shown = `${renderDifference(plan.changes, directory)}${obstacle}${renderRemarks(plan, directory)}`;
    const path = join(folder, name, 'expected.diff');
    if (process.env['UPDATE_GOLDEN'] !== undefined) await writeFile(path, shown);
    expect(shown).toBe(await readFile(path, 'utf8'));
    await writeTogether(plan.changes);
  });

  test('and then there is nothing left to do', async () => {
    expect((await planOf(directory)).changes).toEqual([]);
  });

  test('docker compose takes it', async () => {
    await execa('docker', ['compose', 'config', '--quiet'], { cwd: directory });
  });

  test('lbwatch check finds nothing to say against it', async () => {
    const { report } = await examine([], false, directory, environment);
    const problems = report.findings.filter(({ level }) => level !== 'note');
    if (name === 'none') expect(problems).not.toEqual([]);
    else expect(problems).toEqual([]);
  });

  test('nginx takes its configuration, with what lbwatch would write', async () => {
    expect(await refusalOfSite(directory)).toBeUndefined();
  });
});

/** What `nginx -t` says of the site in a folder, beside the generated files; undefined where it accepts. */
async function refusalOfSite(directory: string): Promise<string | undefined> {
  const { project } = await readProject([], { folder: directory, environment, asksDocker: false });
  const nginx = project.services.find((service) => ['nginx', 'proxy'].includes(service.name));
  if (nginx === undefined) throw new Error('the case has no nginx');
  const site = await readSiteTexts([nginx], dir);
  const containers = foresee(project).map(({ container }) => container);
  const { binary, build } = await findNginx();
  const names = readSite(site.map(({ text }) => text));
  const { pools } = decide(containers, { ...circumstances, reach: 'any', site: names, build });
  const { text, streams } = render(pools, build, { address: '127.0.0.1', port: 9181 }, '');
  const place = await mkdtemp(join(tmpdir(), 'lbwatch-init-t-'));
  try {
    await mkdir(join(place, 'lbwatch'));
    await writeFile(join(place, 'lbwatch/upstreams.conf'), text);
    await writeFile(join(place, 'lbwatch/streams.conf'), streams);
    const main = site.find(({ path }) => path === '/etc/nginx/nginx.conf')?.text;
    const others = site.filter(({ path }) => path !== '/etc/nginx/nginx.conf').map((one) => one.text);
    const whole = main ?? `events {}\nhttp {\n${others.join('\n')}\n}\n`;
    // Names of services are no hosts here; what stayed as it was still passes to some.
    const reachable = whole
      .replaceAll(dir, join(place, 'lbwatch'))
      .replace(/server (?:app|other|anchored|inline|asked):/g, 'server 127.0.0.1:')
      // Which this nginx may be too old for.
      .replace(/ (?:resolve|slow_start=30s);/g, ';');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${place}/${kind};`,
    );
    const file = join(place, 'nginx.conf');
    await writeFile(
      file,
      `${loadStreamModule(binary)}pid ${place}/nginx.pid;\n${reachable.replace(/http \{/, `http { access_log off; ${temporary.join(' ')}`)}`,
    );
    const { exitCode, stderr } = await execa(binary, ['-t', '-q', '-e', 'stderr', '-p', place, '-c', file], {
      reject: false,
    });
    return exitCode === 0 ? undefined : stderr;
  } finally {
    await rm(place, { recursive: true });
  }
}

describe('writing', () => {
  let place = '';
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'lbwatch-write-'));
  });
  afterAll(() => rm(place, { recursive: true }));

  test('keeps what was there, and never writes over an older copy', async () => {
    const path = join(place, 'a.conf');
    await writeFile(path, 'one', { mode: 0o600 });
    await writeTogether([{ path, before: 'one', after: 'two' }]);
    await writeTogether([{ path, before: 'two', after: 'three' }]);
    expect(await readFile(path, 'utf8')).toBe('three');
    expect(await readFile(`${path}.before-lbwatch`, 'utf8')).toBe('one');
    expect(await readFile(`${path}.before-lbwatch.1`, 'utf8')).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('is all or nothing', async () => {
    const [first, second] = [join(place, 'first'), join(place, 'second')];
    await writeFile(first, 'as it was');
    await writeFile(second, 'edited meanwhile');
    const before = await readdir(place);
    const changes = [
      { path: first, before: 'as it was', after: 'new' },
      { path: join(place, 'made/new'), before: undefined, after: 'new' },
      { path: second, before: 'as it was', after: 'new' },
    ];
    await expect(writeTogether(changes)).rejects.toThrow(
      `cannot write ${second}: it has changed since it was read; run the command again; all files are as they were`,
    );
    expect(await readFile(first, 'utf8')).toBe('as it was');
    expect((await readdir(place)).filter((name) => name !== 'made')).toEqual(before);
    expect(await readdir(join(place, 'made'))).toEqual([]);
  });

  test('undoes what is already in place', async () => {
    const [first, made, last] = [join(place, 'placed'), join(place, 'new'), join(place, 'last')];
    await writeFile(first, 'old');
    await writeFile(last, 'old');
    const changes = [
      { path: first, before: 'old', after: 'new' },
      { path: made, before: undefined, after: 'new' },
      { path: last, before: 'old', after: 'new' },
    ];
    const before = await readdir(place);
    const seen: string[] = [];
    const refuseLast = async (from: string, to: string): Promise<void> => {
      if (to === last) {
        seen.push(await readFile(first, 'utf8'), await readFile(made, 'utf8'));
        throw new Error('it is busy');
      }
      await rename(from, to);
    };
    await expect(writeTogether(changes, refuseLast)).rejects.toThrow(
      `cannot write ${last}: it is busy; all files are as they were`,
    );
    expect(seen).toEqual(['new', 'new']);
    expect(await readFile(first, 'utf8')).toBe('old');
    expect(await readdir(place)).toEqual(before);
  });
});
