/** nginx of several versions, each acknowledging for itself: they serve the same members, or none of them changes. */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { eventually } from '../../support/eventually.ts';
import { prepareJourney } from '../../support/journey.ts';
import type { Journey } from '../../support/journey.ts';
import { distinctMembers, failures, whoAnswers } from '../../support/who-answers.ts';

const nginxes = ['oldest', 'older', 'stable'];

let journey: Journey;

beforeAll(async () => {
  journey = await prepareJourney('several', 'several-nginx/docker-compose.yaml');
  await journey.compose.run('up', '-d', '--no-build');
}, 120_000);

afterAll(async () => {
  await journey.end();
}, 60_000);

test('each version accepts what is written, and all serve the same replicas', async () => {
  await expectEverywhere(1);
  await journey.compose.run('up', '-d', '--no-build', '--scale', 'app=3');
  await expectEverywhere(3);
  const { stdout } = await journey.compose.try('exec', '-T', 'lbwatch', 'lbwatch', 'doctor');
  expect(stdout.match(/runs what the labels ask for/g)).toHaveLength(nginxes.length);
  expect(stdout).toMatch(/oldest\S* \(1\.22\.\d+\)/);
}, 120_000);

test('one that is away neither stops the others nor stays behind', async () => {
  await journey.compose.run('stop', '-t', '2', 'older');
  await journey.compose.run('up', '-d', '--no-build', '--no-deps', '--scale', 'app=2', 'app');
  await expectServed('oldest', 2);
  await expectServed('stable', 2);
  await journey.compose.run('start', 'older');
  await expectServed('older', 2);
}, 120_000);

test('what one version refuses is loaded by none', async () => {
  const path = join(journey.directory, 'nginx/conf.d/flaskapp.conf');
  const original = await readFile(path, 'utf8');
  // Known since 1.25.1.
  await appendFile(path, '\nserver { listen 81; http2 on; }\n');
  await eventually(
    'the refusal in the log',
    async () => {
      expect((await journey.compose.logs('lbwatch')).join('\n')).toMatch(/oldest\S*: unknown directive "http2"/);
    },
    { withinMs: 10_000 },
  );
  await expectEverywhere(2);
  await writeFile(path, original);
  await journey.compose.run('up', '-d', '--no-build', '--no-deps', '--scale', 'app=1', 'app');
  await expectEverywhere(1);
}, 120_000);

async function expectEverywhere(count: number): Promise<void> {
  for (const nginx of nginxes) await expectServed(nginx, count);
}

async function expectServed(nginx: string, count: number): Promise<void> {
  await eventually(
    `${nginx} serving ${String(count)} replicas`,
    async () => {
      const answers = await whoAnswers(await journey.compose.publishedPort(nginx, 80), 12 * count);
      expect(failures(answers)).toEqual([]);
      expect(distinctMembers(answers)).toHaveLength(count);
    },
    { withinMs: 20_000 },
  );
}
