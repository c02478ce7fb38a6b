/** What docs/migrate.md tells people to type, done to the letter with the files that it shows, on a real engine. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';

import { Compose } from '../support/compose.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { root } from '../support/journey.ts';
import { readBlocks, readStep } from '../support/readme.ts';
import { distinctMembers, failures, whoAnswers } from '../support/who-answers.ts';

let page: string;
let directory: string;
let port: number;
let compose: Compose;

beforeAll(async () => {
  page = await readFile(join(root, 'docs/migrate.md'), 'utf8');
  directory = await mkdtemp(join(tmpdir(), 'lbwatch-migrate-'));
  await mkdir(join(directory, 'nginx'));
  await mkdir(join(directory, 'flask'));
  await writeFile(join(directory, 'docker-compose.yml'), readStep(page, 'yaml', 'docker-compose.yml'));
  await writeFile(join(directory, 'nginx/nginx.conf'), readStep(page, 'nginx', 'nginx/nginx.conf'));
  // Images that can be had without a registry.
  const app = { image: 'lbwatch/flask' };
  const nginx = { image: 'lbwatch-nginx:1.26', command: ['nginx', '-g', 'daemon off;'] };
  const services = {
    flaskservice: app,
    redudantservice: app,
    gotyourback: app,
    nginx,
  };
  await writeFile(join(directory, 'docker-compose.override.yml'), JSON.stringify({ services }));
  port = await freePort();
  compose = await Compose.find({
    directory,
    project: basename(directory).toLowerCase(),
    environment: { HTTP_PORT: String(port) },
  });
});

afterAll(async () => {
  await compose.down();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

test('the hand-written stack works, and does not follow', async () => {
  await compose.run('up', '-d');
  await expectMembers(2, ['flaskservice', 'redudantservice']);
  await compose.run('up', '-d', '--scale', 'flaskservice=2');
  expect(await compose.running('flaskservice')).toHaveLength(2);
  await expectMembers(2, ['flaskservice', 'redudantservice']);
}, 90_000);

test('the commands, to a stack that follows', async () => {
  const [alias = '', ...commands] = readBlocks(page, 'sh').flatMap((block) =>
    block.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
  );
  const lbwatch = /^alias lbwatch='docker run (.*) lbwatch\/lbwatch'$/.exec(alias)?.[1] ?? '';
  expect(commands).toContain('lbwatch init --write');
  const said = new Map<string, string>();
  for (const command of commands) {
    const words = command.split(' ');
    if (words[0] === 'docker') {
      if (words.includes('doctor')) await awaitDoctor(words.slice(2));
      else said.set(command, await compose.run(...words.slice(2)));
    } else said.set(command, await runInImage(lbwatch, words.slice(1)));
  }
  const difference = said.get('lbwatch init') ?? '';
  for (const block of readBlocks(page, 'diff')) {
    for (const line of block.split('\n')) expect(difference).toContain(line);
  }
  const shown = readBlocks(page, 'console').find((block) => block.startsWith('$ lbwatch check\n'));
  expect(`$ lbwatch check\n${said.get('lbwatch check') ?? ''}`.trim()).toBe(shown?.trim());
  await expectMembers(6, ['flaskservice', 'redudantservice']);

  // The backup answers when nobody else can.
  await compose.run('stop', 'flaskservice', 'redudantservice');
  await expectMembers(1, ['gotyourback']);
}, 180_000);

/** The image runs as it is, but for the program, which is that of this checkout. */
async function runInImage(options: string, words: readonly string[]): Promise<string> {
  const program = `-v ${join(root, 'dist')}:/opt/lbwatch:ro`;
  const line = `docker run ${options} ${program} lbwatch/lbwatch ${words.join(' ')}`;
  const { stdout } = await execa('sh', ['-c', line], { cwd: directory, env: { PWD: directory } });
  return stdout;
}

function awaitDoctor(words: readonly string[]): Promise<void> {
  return eventually(
    'the doctor is content',
    async () => {
      expect(await compose.run(words[0] ?? '', '-T', ...words.slice(1))).toContain('runs what the labels ask for');
    },
    { withinMs: 60_000 },
  );
}

/** So many different members of these services answer, and nobody else. */
function expectMembers(count: number, services: readonly string[]): Promise<void> {
  return eventually(
    `${String(count)} members of ${services.join(', ')} answer`,
    async () => {
      const answers = await whoAnswers(port, 60);
      expect(failures(answers)).toEqual([]);
      expect(distinctMembers(answers)).toHaveLength(count);
      expect(distinctMembers(answers, services)).toHaveLength(count);
    },
    { withinMs: 60_000 },
  );
}
