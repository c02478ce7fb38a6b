/** Members taken out by hand and by Compose's hooks, on the shipped stack under load. */
import { spawnSync } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';

import { eventually } from '../../support/eventually.ts';
import { explain } from '../../support/explained.ts';
import { prepareJourney } from '../../support/journey.ts';
import type { Journey } from '../../support/journey.ts';
import { SteadyTraffic } from '../../support/steady-traffic.ts';
import { askWho, distinctMembers, failures, whoAnswers } from '../../support/who-answers.ts';
import type { Answer } from '../../support/who-answers.ts';

const slowMs = 4000;
/** What Compose reads beside docker-compose.yaml. */
const beside = 'docker-compose.override.yaml';
const primaries = ['flaskservice', 'redudantservice'];

/** Compose runs pre_stop hooks from 2.30 on, and refuses to read them before. */
const [, major = '0', minor = '0'] =
  /([0-9]+)\.([0-9]+)/.exec(spawnSync('docker', ['compose', 'version', '--short'], { encoding: 'utf8' }).stdout) ?? [];
const testWithHooks = Number(major) > 2 || (major === '2' && Number(minor) >= 30) ? test : test.skip;

let journey: Journey | undefined;

afterEach(async () => {
  await journey?.end();
  journey = undefined;
}, 60_000);

test('lbwatch drain --wait, then docker stop: no request fails, not those in work either', async () => {
  const { compose, port, project } = await start();
  const name = `${project}-flaskservice-1`;
  const traffic = new SteadyTraffic(port);
  const slow = askSlowly(port);
  await slow.begun;

  const beganMs = performance.now();
  const said = await compose.exec('lbwatch', 'lbwatch', 'drain', name, '--wait');
  const tookMs = performance.now() - beganMs;
  expect(said).toBe(`${name} is drained; nginx has no connection to it`);
  // What was in work on it has been answered by now, and was waited for.
  expect(slow.answered()).toContain('flaskservice');
  expect(tookMs).toBeGreaterThan(slowMs / 2);
  process.stdout.write(`drained, its last request answered, after ${String(Math.round(tookMs))} ms\n`);
  expect((await explain(compose)).find(({ container }) => container === name)).toMatchObject({
    state: 'out',
    reason: 'drained by hand; lbwatch undrain ends it',
  });
  const sinceDrained = traffic.seen.length;
  await compose.docker('stop', '-t', '1', name);

  const seen = (await traffic.stop()).map(({ answer }) => answer);
  expect(failures([...seen, ...(await slow.answers)])).toEqual([]);
  expect(distinctMembers(seen.slice(sinceDrained + 1), ['flaskservice'])).toEqual([]);

  // It is drained still when it is started again, and comes back when it is told.
  await compose.docker('start', name);
  await eventually(
    'the controller knows it runs',
    async () => {
      const row = (await explain(compose)).find(({ container }) => container === name);
      expect(row).toMatchObject({ state: 'out', reason: expect.stringContaining('drained by hand') });
    },
    { withinMs: 10_000 },
  );
  await compose.exec('lbwatch', 'lbwatch', 'undrain', name);
  await expectPrimaries(port, 2);
}, 240_000);

testWithHooks(
  'a pre_stop hook that calls lbwatch: docker compose stop fails no request',
  async () => {
    const { compose, port } = await start('hook.yaml');
    const traffic = new SteadyTraffic(port);
    const slow = askSlowly(port);
    await slow.begun;
    // Without -f, a project that is named by -p is read from its containers, which say nothing of hooks.
    await compose.run('-f', 'docker-compose.yaml', '-f', beside, 'stop', '-t', '1', 'flaskservice');
    const seen = (await traffic.stop()).map(({ answer }) => answer);
    expect(slow.answered()).toContain('flaskservice');
    expect(failures([...seen, ...(await slow.answers)])).toEqual([]);
    expect((await compose.logs('lbwatch')).join('\n')).toMatch(
      /pool changed: flaskappproxy - \S+flaskservice-1 \S+ \(drained at its own request until it is started again\)/,
    );

    await compose.run('start', 'flaskservice');
    await expectPrimaries(port, 2);
  },
  120_000,
);

/** The shipped stack, with another file beside it or without. */
async function start(override?: string): Promise<Journey> {
  const started = await prepareJourney('drain');
  journey = started;
  if (override !== undefined) {
    await cp(join(import.meta.dirname, override), join(started.directory, beside));
  }
  await started.compose.run('up', '-d', '--no-build');
  await expectPrimaries(started.port, 2);
  return started;
}

/** So many slow requests that each primary has some in work. */
function askSlowly(port: number) {
  const seen: Answer[] = [];
  const asking = Array.from({ length: 6 }, async () => {
    const answer = await askWho(port, `/slow?ms=${String(slowMs)}`);
    seen.push(answer);
    return answer;
  });
  return {
    answers: Promise.all(asking),
    answered: () => seen.flatMap((answer) => (answer.kind === 'app' ? [answer.service] : [])),
    /** They are with the members: whoever came later has been answered. */
    begun: whoAnswers(port, 4),
  };
}

async function expectPrimaries(port: number, count: number): Promise<void> {
  await eventually(
    `${String(count)} primaries answering`,
    async () => {
      const answers = await whoAnswers(port, 12 * count);
      expect(failures(answers)).toEqual([]);
      expect(distinctMembers(answers, primaries)).toHaveLength(count);
    },
    { withinMs: 30_000 },
  );
}
