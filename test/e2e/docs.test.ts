/** What the pages of docs/ tell people to type, on the shipped stack. What troubleshooting.md shows has a stack of its own: docs/. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { eventually } from '../support/eventually.ts';
import { prepareJourney, root } from '../support/journey.ts';
import type { StackJourney } from '../support/journey.ts';
import { PageReader } from '../support/page-reader.ts';
import { readSteps } from '../support/page-steps.ts';
import { SteadyTraffic } from '../support/steady-traffic.ts';
import { distinctMembers, failures, whoAnswers } from '../support/who-answers.ts';

let stack: StackJourney;

beforeAll(async () => {
  stack = await prepareJourney('docs');
  await stack.compose.run('up', '-d', '--no-build');
  await replicasAnswering(1);
}, 120_000);

afterAll(async () => {
  await stack.end();
}, 60_000);

test('zero-downtime.md: replicas come and go, a new version takes over, one is drained and comes back; no request fails', async () => {
  const page = await open('zero-downtime.md');
  const traffic = new SteadyTraffic(stack.port);
  await page.follow('docker compose up -d --scale flaskservice=3');
  await replicasAnswering(3);
  await page.follow('docker compose up -d --scale flaskservice=1');
  await replicasAnswering(1);

  await renameService('flaskservice', 'newer');
  await page.follow('docker compose up -d --no-recreate --scale flaskservice=2');
  await page.see('docker compose exec lbwatch lbwatch explain');
  await page.follow('docker compose up -d --scale flaskservice=1');
  await replicasAnswering(0);
  await replicasAnswering(1, 'newer');

  const explained = await page.follow(
    'docker compose exec lbwatch lbwatch drain "$(docker compose ps -q redudantservice)" --wait',
  );
  expect(explained).toMatch(/-redudantservice-1 +flaskappproxy +primary +out/);
  await page.follow('docker compose start redudantservice\n');
  await replicasAnswering(1, 'redudantservice');
  expect(page.left).toEqual([]);
  expect(failures((await traffic.stop()).map(({ answer }) => answer))).toEqual([]);
}, 180_000);

test('zero-downtime.md: a plain up -d stops all old replicas before it starts new ones; nothing is lost where others serve', async () => {
  await stack.compose.run('up', '-d', '--scale', 'flaskservice=2', 'flaskservice');
  await replicasAnswering(2, 'newer');
  const traffic = new SteadyTraffic(stack.port);
  const since = String(Date.now() / 1000);
  await renameService('newer', 'newest');
  await stack.compose.run('up', '-d', '--scale', 'flaskservice=2', 'flaskservice');
  await replicasAnswering(2, 'newest');
  expect(failures((await traffic.stop()).map(({ answer }) => answer))).toEqual([]);
  const filters = [
    `label=com.docker.compose.project=${stack.project}`,
    'label=com.docker.compose.service=flaskservice',
    'event=die',
    'event=start',
  ].flatMap((filter) => ['--filter', filter]);
  const until = String(Date.now() / 1000);
  const events = await stack.compose.docker(
    'events',
    '--since',
    since,
    '--until',
    until,
    ...filters,
    '--format',
    '{{.Action}}',
  );
  expect(events.stdout.split('\n')).toEqual(['die', 'die', 'start', 'start']);
}, 120_000);

test('health-checks.md: who is in, and why', async () => {
  const checks = await open('health-checks.md');
  expect(await checks.follow('docker compose exec lbwatch lbwatch explain')).toMatch(/primary +in/);
  expect(checks.left).toEqual([]);
}, 60_000);

async function open(name: string): Promise<PageReader> {
  const environment = {
    COMPOSE_PROJECT_NAME: stack.project,
    HTTP_PORT: String(stack.port),
    STATUS_PORT: String(stack.statusPort),
  };
  const steps = readSteps(await readFile(join(root, 'docs', name), 'utf8'));
  return new PageReader(steps, {
    directory: stack.directory,
    environment,
    typed: {},
    names: { [stack.project]: 'shop' },
  });
}

/** Has the replicas of flaskservice that are made from now on say another name: a new version. */
async function renameService(before: string, after: string): Promise<void> {
  const path = join(stack.directory, 'docker-compose.yaml');
  const text = await readFile(path, 'utf8');
  expect(text).toContain(`SERVICE: ${before}\n`);
  await writeFile(path, text.replace(`SERVICE: ${before}\n`, `SERVICE: ${after}\n`));
}

async function replicasAnswering(count: number, service = 'flaskservice'): Promise<void> {
  await eventually(
    `${String(count)} replicas of ${service} answering`,
    async () => {
      expect(distinctMembers(await whoAnswers(stack.port, 40), [service])).toHaveLength(count);
    },
    { withinMs: 60_000 },
  );
}
