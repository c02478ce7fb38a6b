/** What the README tells people to type and to paste, done to the letter. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { expect, test } from '@jest/globals';
import { execa } from 'execa';

import { Compose } from '../support/compose.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { root } from '../support/journey.ts';
import { readBlocks, readReadme, readStep } from '../support/readme.ts';
import { distinctMembers, whoAnswers } from '../support/who-answers.ts';

/** This very run. */
const runByUs = 'npm test';

test('the commands, from the demo to its removal', async () => {
  const blocks = readBlocks(await readReadme(), 'sh');
  const commands = blocks
    .flatMap((block) => block.split('\n'))
    .map((line) => line.replace(/ +# .*$/, '').trim())
    .filter((line) => line !== '' && line !== runByUs);
  expect(commands.at(0)).toBe('npm run demo');
  expect(commands).toContain('npm run demo -- --down');

  const port = await freePort();
  const env = {
    HTTP_PORT: String(port),
    STATUS_PORT: String(await freePort()),
    COMPOSE_PROJECT_NAME: `lbwatch-readme-${String(process.pid)}`,
  };
  for (const command of commands) {
    const { file, words } = substitute(command);
    const result = await execa(file, words, { cwd: root, env, all: true, reject: false, stdin: 'ignore' });
    if (result.failed) throw new Error(`"${command}" failed:\n${result.all}`);
    if (command.includes('--scale')) {
      await eventually(
        'six primaries answering',
        async () => {
          expect(distinctMembers(await whoAnswers(port, 60))).toHaveLength(6);
        },
        { withinMs: 20_000 },
      );
    }
    if (command.endsWith('lbwatch status')) expect(result.stdout).toMatch(/^state +in step$/m);
    if (command.endsWith('explain')) expect(result.stdout).toMatch(/flaskservice-5 +flaskappproxy +primary +in/);
    if (command.endsWith('logs lbwatch')) expect(result.stdout).toContain('pool changed: flaskappproxy');
  }
}, 600_000);

test('the three steps, in a Compose file that had nginx and an app', async () => {
  const readme = await readReadme();
  const directory = await mkdtemp(join(tmpdir(), 'lbwatch-adopt-'));
  await mkdir(join(directory, 'conf.d'));
  await writeFile(join(directory, 'conf.d/default.conf'), readStep(readme, 'nginx', 'nginx: step 2'));
  await writeFile(join(directory, 'step1.yaml'), readStep(readme, 'yaml', 'compose: step 1'));
  await writeFile(join(directory, 'step3.yaml'), readStep(readme, 'yaml', 'compose: step 3'));
  // What the reader has already: an app that listens on 8000. And an nginx that can be had without a registry.
  // Debian's nginx brings a default site, which would answer in its place.
  const command = ['sh', '-c', "rm -f /etc/nginx/sites-enabled/default && exec nginx -g 'daemon off;'"];
  const had = {
    services: {
      app: { image: 'lbwatch/flask', environment: { SERVICE: 'app', PORT: '8000' } },
      nginx: { image: 'lbwatch-nginx:1.26', command },
    },
  };
  await writeFile(join(directory, 'had.json'), JSON.stringify(had));
  const port = await freePort();
  const compose = await Compose.find({
    directory,
    project: basename(directory).toLowerCase(),
    files: ['step1.yaml', 'step3.yaml', 'had.json'],
    environment: { HTTP_PORT: String(port) },
  });
  try {
    await compose.run('up', '-d', '--scale', 'app=3');
    await eventually(
      'three replicas answering',
      async () => {
        expect(distinctMembers(await whoAnswers(port, 36), ['app'])).toHaveLength(3);
      },
      { withinMs: 60_000 },
    );
    expect(await compose.exec('lbwatch', 'lbwatch', 'doctor')).toContain('runs what the labels ask for');
  } finally {
    await compose.down();
    await rm(directory, { recursive: true, force: true });
  }
}, 180_000);

/** The command as typed, but for what differs on this machine: Compose's name, and the base of the image. */
function substitute(command: string): { readonly file: string; readonly words: readonly string[] } {
  const compose = process.env['LAB_COMPOSE'] ?? 'docker compose';
  const [file = '', ...words] = command.replace(/^docker compose /, `${compose} `).split(' ');
  if (!command.startsWith('docker build ')) return { file, words };
  const nodeImage = process.env['NODE_IMAGE'];
  const base = nodeImage === undefined ? [] : ['--build-arg', `NODE_IMAGE=${nodeImage}`];
  return { file, words: [...words.slice(0, -1), ...base, ...words.slice(-1)] };
}
