/** `lbwatch check` and `lbwatch init` as a person or a CI job runs them: the bundle, its exit codes and what it prints. */
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { buildBundle } from '../support/run-lab.ts';

const bundle = join(import.meta.dirname, '../../dist/lbwatch.js');
const stacks = join(import.meta.dirname, '../stack');

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let folder = '';
beforeAll(() => {
  expect(buildBundle()).toEqual({ code: 0, said: '' });
}, 60_000);
beforeEach(async () => {
  if (folder !== '') await rm(folder, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), 'lbwatch-check-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** An engine that cannot be reached, and no Compose: neither may be needed. */
function lbwatch(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Ended {
  const env = { PATH: '/nonexistent', DOCKER_HOST: 'unix:///nonexistent', ...environment };
  return spawnSync(process.execPath, [bundle, ...words], { cwd: folder, encoding: 'utf8', env });
}

async function write(text: string, name = 'compose.yaml'): Promise<void> {
  await writeFile(join(folder, name), text);
}

describe('check', () => {
  test('0: nothing is wrong', async () => {
    await cp(join(stacks, 'init/tutorial/before'), folder, { recursive: true });
    expect(lbwatch(['init', '--write']).status).toBe(0);
    expect(lbwatch(['check'])).toMatchObject({ status: 0, stderr: '' });
  });

  test('1: there are problems; as JSON, and as annotations', async () => {
    await write('services:\n  app:\n    image: example/app\n    labels:\n      lb.pool: app:8000\n      lb.wait: 1\n');
    const { status, stdout } = lbwatch(['check', '--json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      resolvedBy: 'lbwatch',
      nginx: [],
      lbwatch: null,
      pools: [
        {
          name: 'app',
          protocol: 'http',
          method: 'round_robin',
          members: [
            { service: 'app', role: 'primary', replicas: 1, port: 8000, state: 'in', reason: 'when its port answers' },
          ],
        },
      ],
      findings: [
        { level: 'error', file: 'compose.yaml', line: 1, column: 1, service: null },
        { level: 'error', file: 'compose.yaml', line: 1, column: 1, service: null },
        { level: 'warning', file: 'compose.yaml', line: 6, column: 7, service: 'app' },
      ],
    });
    expect(lbwatch(['check', '--github']).stdout).toContain(
      '::warning file=compose.yaml,line=6,col=7,title=lbwatch::app: lb.wait is not a label of lbwatch',
    );
  });

  test('2: the files cannot be read', async () => {
    expect(lbwatch(['check', 'none.yaml'])).toEqual(
      expect.objectContaining({ status: 2, stdout: '', stderr: 'lbwatch: none.yaml: there is no such file\n' }),
    );
    await write('services:\n\tapp:\n');
    const message = 'compose.yaml:2:1: Tabs are not allowed as indentation; indent with spaces';
    expect(lbwatch(['check'])).toMatchObject({ status: 2, stderr: `lbwatch: ${message}\n` });
    expect(lbwatch(['check', '--github']).stdout).toBe(`::error title=lbwatch::${message}\n`);
    expect(lbwatch(['init'])).toMatchObject({ status: 2, stderr: `lbwatch: ${message}\n` });
  });

  test('no annotation is forged, and nothing invisible gets to the terminal', async () => {
    const evil = 'x\\e[31m\\n::error::forged\\u202e%0A';
    await write(`services:\n  "${evil}":\n    image: a\n    labels: {"lb.${evil}": "1", lb.pool: "${evil}"}\n`);
    for (const words of [['check'], ['check', '--json'], ['check', '--github']]) {
      const { status, stdout, stderr } = lbwatch(words);
      expect(status).toBe(1);
      expect(stdout + stderr).not.toMatch(/(?![ \n])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u);
      expect(stdout).not.toMatch(/^::error::forged/m);
    }
    expect(lbwatch(['check', '--github']).stdout).toContain('%250A');
  });

  test('colours where they are asked for, and none otherwise', async () => {
    await write('services: {}\n');
    expect(lbwatch(['check']).stdout).not.toContain('\u001b');
    expect(lbwatch(['check'], { FORCE_COLOR: '1' }).stdout).toContain('compose.yaml:1:1: \u001b[31merror\u001b[39m: ');
    expect(lbwatch(['check'], { NO_COLOR: '1' }).stdout).not.toContain('\u001b');
  });
});

describe('init', () => {
  test('shows and touches nothing; writes, and keeps copies; then there is nothing to do', async () => {
    await cp(join(stacks, 'init/tutorial/before'), folder, { recursive: true });
    const before = await readFile(join(folder, 'docker-compose.yml'), 'utf8');
    const shown = lbwatch(['init']);
    expect(shown).toMatchObject({
      status: 0,
      stdout: await readFile(join(stacks, 'init/tutorial/expected.diff'), 'utf8'),
    });
    expect(shown.stderr).toBe('pools by label then: flaskappproxy; lbwatch init --write does this, and keeps copies\n');
    expect(await readFile(join(folder, 'docker-compose.yml'), 'utf8')).toBe(before);

    expect(lbwatch(['init', '--write'])).toMatchObject({
      status: 0,
      stdout:
        'wrote docker-compose.yml (as it was: docker-compose.yml.before-lbwatch)\n' +
        'wrote nginx/nginx.conf (as it was: nginx/nginx.conf.before-lbwatch)\n' +
        'pools by label now: flaskappproxy; next: lbwatch check, then docker compose up -d\n',
    });
    expect(await readFile(join(folder, 'docker-compose.yml.before-lbwatch'), 'utf8')).toBe(before);
    expect(lbwatch(['init', '--write'])).toMatchObject({
      status: 0,
      stdout: 'nothing to do: no upstream block is left that services could feed\n',
    });
    expect((await readdir(folder)).sort()).toEqual([
      'docker-compose.yml',
      'docker-compose.yml.before-lbwatch',
      'nginx',
    ]);
  });

  test('1: nothing can be carried over, and why', async () => {
    await cp(join(stacks, 'init/none/before'), folder, { recursive: true });
    expect(lbwatch(['init', '--write'])).toMatchObject({
      status: 1,
      stdout: 'nothing to do\n',
      stderr:
        'left as it is: nginx.conf:3: upstream outside: server 203.0.113.7:8000: no service of the Compose file is called 203.0.113.7\n',
    });
    await write('services: {app: {image: example/app}}\n');
    expect(lbwatch(['init'])).toMatchObject({
      status: 1,
      stderr: 'lbwatch: no service of the Compose file is nginx, or looks like it\n',
    });
  });

  test('1: one of the files cannot be written, and none is', async () => {
    await cp(join(stacks, 'init/tutorial/before'), folder, { recursive: true });
    // Somebody else's half-written file stands in the way.
    await mkdir(join(folder, 'nginx/nginx.conf.lbwatch-new'));
    const { status, stderr } = lbwatch(['init', '--write']);
    expect(status).toBe(1);
    expect(stderr).toContain('nginx/nginx.conf: EEXIST');
    expect(stderr).toContain('all files are as they were');
    expect((await readdir(folder)).sort()).toEqual(['docker-compose.yml', 'nginx']);
  });
});
