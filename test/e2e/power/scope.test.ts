/** Containers of other Compose projects on the same network: they change nothing, unless the setting lets them in. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import type { Compose } from '../../support/compose.ts';
import { eventually } from '../../support/eventually.ts';
import { explain } from '../../support/explained.ts';
import { prepareJourney } from '../../support/journey.ts';
import type { Journey } from '../../support/journey.ts';
import { distinctMembers, failures, whoAnswers } from '../../support/who-answers.ts';
import { useImage } from './use-image.ts';

const soon = { withinMs: 20_000 };
const foreign = 'com.docker.compose.project=another-project';
const member = 'lb.pool=flaskappproxy:8001';

let journey: Journey;
let compose: Compose;

beforeAll(async () => {
  journey = await prepareJourney('scope');
  await useImage(journey);
  compose = journey.compose;
  await compose.run('up', '-d', '--no-build');
  await awaitServed(2);
}, 120_000);
afterAll(async () => {
  await journey.end();
}, 60_000);

test('they neither join, nor decide for a pool, nor collide with its name, nor count as nginx', async () => {
  const before = await readUpstreams();
  await start('member', 'lbwatch/flask', foreign, member, 'lb.method=ip_hash');
  await start('twin', 'lbwatch/flask', foreign, 'lb.pool=FlaskAppProxy:8001');
  await start('host', 'lbwatch/flask', foreign, 'com.docker.compose.service=flaskappproxy');
  await start('nginx', 'lbwatch/nginx', foreign, 'com.docker.compose.service=nginx', 'lb.nginx=true');
  // Looks at everything, so that it has seen them.
  await compose.run('kill', '-s', 'SIGHUP', 'lbwatch');
  await start('own', 'lbwatch/flask', `com.docker.compose.project=${journey.project}`, member);
  // Labels are no authentication: who writes the project's name by hand is in it.
  await awaitServed(3);
  await remove('own');
  await awaitServed(2);

  const rows = (await explain(compose)).filter(({ container }) => container.startsWith(`${journey.project}-stranger-`));
  expect(rows.map(({ container }) => container.replace(/.*-/, '')).sort()).toEqual(['host', 'member', 'nginx', 'twin']);
  for (const row of rows) {
    expect(row).toMatchObject({ state: 'out', pool: null, reason: expect.stringContaining('another-project') });
  }
  expect(await readUpstreams()).toBe(before);
  const findings = (await compose.exec('lbwatch', 'lbwatch', 'doctor')).split('\n');
  expect(findings.filter((line) => /^\w+ +nginx /.test(line))).toHaveLength(1);
  expect(findings.filter((line) => /^\w+ +labels /.test(line))).toEqual([]);
  // Nothing was started in the other nginx, and nobody reloaded it.
  expect(await shellsIn(`${journey.project}-stranger-nginx`)).toBe(0);
  const [own] = await compose.running('nginx');
  expect(await shellsIn(own?.name ?? '')).toBe(1);
}, 90_000);

test('a project that LBWATCH_SCOPE names is let in, and no other', async () => {
  await start('third', 'lbwatch/flask', 'com.docker.compose.project=third-project', member);
  const setting = { services: { lbwatch: { environment: { LBWATCH_SCOPE: `${journey.project},another-project` } } } };
  await writeFile(join(journey.directory, 'scope.json'), JSON.stringify(setting));
  // Let in, it would decide: nobody else names a method.
  await remove('member');
  await start('member', 'lbwatch/flask', foreign, member);
  await remove('twin');
  await compose.run('-f', 'docker-compose.yaml', '-f', 'scope.json', 'up', '-d', '--no-build', '--no-deps', 'lbwatch');
  await awaitServed(3);
  const rows = await explain(compose);
  const stateOf = (name: string): unknown =>
    rows.find(({ container }) => container === `${journey.project}-stranger-${name}`)?.state;
  expect([stateOf('member'), stateOf('third')]).toEqual(['in', 'out']);
  // Its nginx is still somebody else's.
  expect(await shellsIn(`${journey.project}-stranger-nginx`)).toBe(0);
}, 90_000);

/** Runs a container on the stack's network; the journey removes it at its end. */
async function start(name: string, image: string, ...labels: readonly string[]): Promise<void> {
  const place = ['--name', `${journey.project}-stranger-${name}`, '--network', `${journey.project}_default`];
  const environment = ['-e', 'SERVICE=stranger', '-e', 'PORT=8001'];
  const result = await compose.docker(
    'run',
    '-d',
    ...place,
    ...environment,
    ...labels.flatMap((label) => ['--label', label]),
    image,
  );
  if (!result.ok) throw new Error(result.output);
}

async function remove(name: string): Promise<void> {
  await compose.docker('rm', '-f', `${journey.project}-stranger-${name}`);
}

/** How many shells lbwatch keeps in a container. */
async function shellsIn(name: string): Promise<number> {
  const { ok, output } = await compose.docker('top', name, '-eo', 'pid,args');
  if (!ok) throw new Error(output);
  return output.split('\n').filter((line) => / sh$/.test(line)).length;
}

function readUpstreams(): Promise<string> {
  return compose.exec('nginx', 'cat', '/etc/nginx/lbwatch/upstreams.conf');
}

async function awaitServed(members: number): Promise<void> {
  await eventually(
    `${String(members)} members answering`,
    async () => {
      const answers = await whoAnswers(journey.port, 12 * members);
      expect(failures(answers)).toEqual([]);
      expect(distinctMembers(answers)).toHaveLength(members);
    },
    soon,
  );
}
