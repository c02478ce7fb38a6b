/** What the pages of docs/ tell people to type, on the shipped stack. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { eventually } from '../support/eventually.ts';
import { prepareJourney, root } from '../support/journey.ts';
import type { StackJourney } from '../support/journey.ts';
import { PageReader } from '../support/page-reader.ts';
import { readSteps } from '../support/page-steps.ts';
import { distinctMembers, whoAnswers } from '../support/who-answers.ts';

let stack: StackJourney;

beforeAll(async () => {
  stack = await prepareJourney('docs');
  await stack.compose.run('up', '-d', '--no-build');
  await replicasAnswering(1);
}, 120_000);

afterAll(async () => {
  await stack.end();
}, 60_000);

test('zero-downtime.md: replicas come and go, old and new side by side, one is drained and comes back', async () => {
  const page = await open('zero-downtime.md');
  await page.follow('docker compose up -d --no-build --scale flaskservice=3');
  await replicasAnswering(3);
  await page.follow('docker compose up -d --no-build --scale flaskservice=1');
  await replicasAnswering(1);
  await page.follow('docker compose up -d --no-build --no-recreate --scale flaskservice=2\n');
  const explained = await page.follow(
    'docker compose exec lbwatch lbwatch drain "$(docker compose ps -q redudantservice)" --wait',
  );
  expect(explained).toMatch(/-redudantservice-1 +flaskappproxy +primary +out/);
  await page.follow('docker compose start redudantservice\n');
  await eventually(
    'redudantservice answering again',
    async () => {
      expect(distinctMembers(await whoAnswers(stack.port, 24), ['redudantservice'])).toHaveLength(1);
    },
    { withinMs: 30_000 },
  );
  expect(page.left).toEqual([]);
}, 180_000);

test('health-checks.md and socket-proxy.md: who is in and why, and whether all is well', async () => {
  const checks = await open('health-checks.md');
  expect(await checks.follow('docker compose exec lbwatch lbwatch explain')).toMatch(/primary +in/);
  expect(checks.left).toEqual([]);
  const proxy = await open('socket-proxy.md');
  await proxy.see('docker compose exec lbwatch lbwatch doctor', (output) => {
    expect(output).toContain('runs what the labels ask for');
  });
  expect(proxy.left).toEqual([]);
}, 60_000);

test('troubleshooting.md: three questions, the log, and more of it for a while', async () => {
  const page = await open('troubleshooting.md');
  const answers = await page.follow('docker compose exec lbwatch lbwatch doctor');
  expect(answers).toMatch(/^state +in step$/m);
  expect(await page.follow('docker compose logs --tail 50 lbwatch')).toContain('pool changed');
  await page.follow('docker compose kill -s USR2 lbwatch\ndocker compose kill -s USR2 lbwatch');
  await eventually(
    'the log tells of both',
    async () => {
      const log = await stack.compose.run('logs', 'lbwatch');
      expect(log.match(/log level changed/g)).toHaveLength(2);
    },
    { withinMs: 10_000 },
  );
  expect(page.left).toEqual([]);
}, 60_000);

async function open(name: string): Promise<PageReader> {
  const environment = {
    COMPOSE_PROJECT_NAME: stack.project,
    HTTP_PORT: String(stack.port),
    STATUS_PORT: String(stack.statusPort),
  };
  const steps = readSteps(await readFile(join(root, 'docs', name), 'utf8'));
  return new PageReader(steps, { directory: stack.directory, environment, typed: {}, names: {} });
}

async function replicasAnswering(count: number): Promise<void> {
  await eventually(
    `${String(count)} replicas of flaskservice answering`,
    async () => {
      expect(distinctMembers(await whoAnswers(stack.port, 40), ['flaskservice'])).toHaveLength(count);
    },
    { withinMs: 60_000 },
  );
}
