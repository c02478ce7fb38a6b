/** What the README of examples/one-container says of one `docker run`. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';
import { execa } from 'execa';

import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { root } from '../../support/journey.ts';
import { readBlocks } from '../../support/readme.ts';
import { askWho } from '../../support/who-answers.ts';

const own = `lbwatch-one-run-${randomBytes(3).toString('hex')}`;
const image = process.env['ONE_IMAGE'] ?? 'lbwatch/one-container';

afterEach(async () => {
  await execa('docker', ['rm', '-f', '-v', `${own}-app`, `${own}-balancer`], { reject: false });
  await execa('docker', ['network', 'rm', own], { reject: false });
});

test('a network, an app with a label, the balancer: the app answers, and leaves', async () => {
  const [commands = ''] = readBlocks(await readFile(join(root, 'examples/one-container/README.md'), 'utf8'), 'bash');
  const port = await freePort();
  const typed = commands
    .replaceAll(/\bweb\b/g, own)
    .replaceAll(/--name (app|balancer)\b/g, `--name ${own}-$1`)
    .replace('-p 80:80', `-p 127.0.0.1:${String(port)}:80`)
    .replace('lbwatch/one-container', image);
  expect(typed.match(new RegExp(own, 'g'))).toHaveLength(5);
  await execa('bash', ['-euc', typed]);

  const app = (await execa('docker', ['inspect', '--format', '{{.Config.Hostname}}', `${own}-app`])).stdout;
  await eventually(
    'an answer of the app',
    async () => {
      expect(await askWho(port)).toMatchObject({ kind: 'app', hostname: app });
    },
    { withinMs: 30_000 },
  );
  await eventually(
    'that the image is healthy',
    async () => {
      const words = ['inspect', '--format', '{{.State.Health.Status}}', `${own}-balancer`];
      expect((await execa('docker', words)).stdout).toBe('healthy');
    },
    { withinMs: 60_000 },
  );
  await execa('docker', ['rm', '-f', `${own}-app`]);
  await eventually(
    'that nobody is left',
    async () => {
      expect(await askWho(port)).toEqual({ kind: 'failure', why: 'status 503' });
    },
    { withinMs: 30_000 },
  );
}, 180_000);
