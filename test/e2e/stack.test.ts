/** The shipped stack on a real engine, as its clients see it. The tests build on each other, like a day of operation. */
import { appendFile, rename, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { Compose } from '../support/compose.ts';
import { eventually } from '../support/eventually.ts';
import { explain } from '../support/explained.ts';
import { prepareJourney } from '../support/journey.ts';
import type { Journey } from '../support/journey.ts';
import { SteadyTraffic } from '../support/steady-traffic.ts';
import { distinctMembers, failures, whoAnswers } from '../support/who-answers.ts';
import type { Answer } from '../support/who-answers.ts';

const primaries = ['flaskservice', 'redudantservice'];
const backups = ['gotyourback'];
const sitePath = 'nginx/conf.d/flaskapp.conf';

let journey: Journey;
let compose: Compose;

beforeAll(async () => {
  journey = await prepareJourney('stack');
  compose = journey.compose;
  await compose.run('up', '-d', '--no-build');
  await awaitPrimaries(2, 30_000);
}, 120_000);

afterAll(async () => {
  await journey.end();
}, 60_000);

describe('scaling', () => {
  test('new replicas are served, how soon after the last start is told, and none of the requests meanwhile fails', async () => {
    const traffic = new SteadyTraffic(journey.port);
    await compose.run('up', '-d', '--no-build', '--scale', 'flaskservice=5');
    const started = await compose.running('flaskservice');
    expect(started).toHaveLength(5);
    await awaitPrimaries(6, 10_000);
    // The traffic's own requests tell when; those of the line above may have met somebody that these have not yet.
    const firstSeenMs = (id: string): number | undefined =>
      traffic.seen.find(({ answer }) => answer.kind === 'app' && answer.hostname === id.slice(0, 12))?.atMs;
    const lastSeenMs = await eventually(
      'the traffic has met all five',
      () => {
        const moments = started.map(({ id }) => firstSeenMs(id));
        if (!moments.every((moment) => moment !== undefined)) throw new Error(`first seen at ${moments.join(', ')}`);
        return Math.max(...moments);
      },
      { withinMs: 10_000 },
    );
    const seen = await traffic.stop();

    const lastStartMs = Math.max(...started.map(({ startedAtMs }) => startedAtMs));
    // A number for people: how late depends on what else the machine does.
    process.stdout.write(`last of 4 new replicas served ${String(lastSeenMs - lastStartMs)} ms after its start\n`);
    expect(failures(seen.map(({ answer }) => answer))).toEqual([]);
  }, 60_000);

  test('60 requests reach 6 different primaries, the backup none', async () => {
    const answers = await whoAnswers(journey.port, 60);
    expect(failures(answers)).toEqual([]);
    expect(distinctMembers(answers, primaries)).toHaveLength(6);
    expect(distinctMembers(answers, backups)).toEqual([]);
  });

  test('explain names each container, with its pool, role, address and reason', async () => {
    const rows = (await explain(compose)).filter(({ pool }) => pool === 'flaskappproxy');
    expect(rows.map(({ container, role, state }) => `${container} ${role ?? ''} ${state}`).sort()).toEqual(
      [
        ...[1, 2, 3, 4, 5].map((number) => `${journey.project}-flaskservice-${String(number)} primary in`),
        `${journey.project}-gotyourback-1 backup in`,
        `${journey.project}-redudantservice-1 primary in`,
      ].sort(),
    );
    for (const { address, reason } of rows) {
      expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+:800[123]$/);
      expect(reason).toMatch(/^its port answers/);
    }
  });

  test('the log tells who joined, how many there are now, and how long it took', async () => {
    const lines = await compose.logs('lbwatch');
    expect(lines.join('\n')).toMatch(
      /pool changed: flaskappproxy \+ \S+flaskservice-\d \S+:8001 \(its port answers\).*; now \d primaries and 1 backup; acknowledged \d+ ms after the event/,
    );
  });

  test('replicas that leave are asked no more', async () => {
    await compose.run('up', '-d', '--no-build', '--scale', 'flaskservice=1');
    await awaitPrimaries(2, 10_000);
    expect((await explain(compose)).filter(({ state }) => state === 'in')).toHaveLength(3);
  }, 60_000);
});

describe('the backup', () => {
  test('answers within 2 s of the last primary, and steps back again', async () => {
    await compose.run('stop', '-t', '1', ...primaries);
    await eventually('the backup answering alone', expectAnswersFrom(backups, 1), { withinMs: 2000 });
    expect((await explain(compose)).filter(({ state }) => state === 'in').map(({ role }) => role)).toEqual(['backup']);
    await compose.run('start', ...primaries);
    await awaitPrimaries(2, 10_000);
  }, 60_000);

  test('nobody left is answered with 503 and Retry-After, not with a broken nginx', async () => {
    await compose.run('stop', '-t', '1', ...primaries, ...backups);
    const response = await eventually(
      '503',
      async () => {
        const answer = await fetch(`http://127.0.0.1:${String(journey.port)}/`);
        expect(answer.status).toBe(503);
        return answer;
      },
      // A request that was sent to a member just as it went away hangs for up to the site's connect timeout.
      { withinMs: 10_000 },
    );
    expect(response.headers.get('retry-after')).toBe('5');
    await compose.run('start', ...primaries, ...backups);
    await awaitPrimaries(2, 10_000);
  }, 60_000);
});

describe('containers that must not join', () => {
  test('a bad label is one line in the log and disturbs nobody', async () => {
    const name = `${journey.project}-bad`;
    await runExtra(name, ['lb.pool=flaskappproxy; } evil {', 'lb.wieght=3'], journey.project);
    const lines = await eventually(
      'the line about the bad label',
      async () => {
        const found = (await compose.logs('lbwatch')).filter((line) => line.includes(name) && line.includes('lb.pool'));
        expect(found).not.toHaveLength(0);
        return found;
      },
      { withinMs: 5000 },
    );
    await compose.run('kill', '-s', 'HUP', 'lbwatch');
    await compose.run('exec', '-T', 'lbwatch', 'lbwatch', 'explain');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('write name[:port]');
    const all = (await compose.logs('lbwatch')).join('\n');
    expect(all).toContain('did you mean lb.weight?');
    expect(all.match(/is refused; write name/g)).toHaveLength(1);
    await expectPrimaries(2)();
    await compose.docker('rm', '-f', name);
  }, 30_000);

  test("another project's container stays out of the pool it names", async () => {
    const name = `${journey.project}-stranger`;
    await runExtra(name, ['lb.pool=flaskappproxy:8001'], 'another-project');
    const row = await eventually(
      'explain knowing the stranger',
      async () => {
        const found = (await explain(compose)).find(({ container }) => container === name);
        expect(found).toBeDefined();
        return found;
      },
      { withinMs: 5000 },
    );
    expect(row).toMatchObject({ state: 'out', pool: null });
    expect(row?.reason).toContain('in Compose project another-project');
    await compose.docker('rm', '-f', name);
  }, 30_000);

  test('a one-off container of a service stays out', async () => {
    await compose.run('run', '-d', '--no-deps', '--name', `${journey.project}-oneoff`, 'flaskservice');
    const rows = await explain(compose);
    expect(rows.find(({ container }) => container.endsWith('-oneoff'))).toMatchObject({ state: 'out' });
    await expectPrimaries(2)();
    await compose.docker('rm', '-f', `${journey.project}-oneoff`);
  }, 30_000);
});

describe('restarts', () => {
  test('the controller restarts without a reload, and catches up with what it missed', async () => {
    const before = await listWorkers();
    await compose.run('restart', '-t', '5', 'lbwatch');
    await awaitInStep();
    expect(await listWorkers()).toEqual(before);

    await compose.run('kill', 'lbwatch');
    await compose.run('up', '-d', '--no-build', '--no-deps', '--scale', 'flaskservice=3', 'flaskservice');
    await compose.run('up', '-d', '--no-build', '--no-deps', 'lbwatch');
    await awaitPrimaries(4, 10_000);
  }, 90_000);

  test('nginx restarted comes back with the same members', async () => {
    await compose.run('restart', '-t', '5', 'nginx');
    await awaitPrimaries(4, 10_000);
  }, 60_000);

  test('nginx recreated is a new container, and followed', async () => {
    await compose.run('up', '-d', '--no-build', '--no-deps', '--force-recreate', 'nginx');
    await awaitPrimaries(4, 15_000);
    await compose.run('up', '-d', '--no-build', '--no-deps', '--scale', 'flaskservice=1', 'flaskservice');
    await awaitPrimaries(2, 10_000);
  }, 60_000);
});

describe('files', () => {
  test('a deleted or edited generated file is put back', async () => {
    const read = (): Promise<string> => compose.exec('lbwatch', 'cat', '/etc/nginx/lbwatch/upstreams.conf');
    const text = await read();
    for (const damage of [
      'rm /etc/nginx/lbwatch/upstreams.conf',
      'echo "broken {" > /etc/nginx/lbwatch/upstreams.conf',
    ]) {
      await compose.run('exec', '-T', '-u', '10001', 'lbwatch', 'sh', '-c', damage);
      await eventually(
        'the file put back',
        async () => {
          expect(await read()).toBe(text);
        },
        { withinMs: 5000 },
      );
    }
  }, 60_000);

  test('a valid edit of the site is reloaded; an invalid one is reported, and the running one stays', async () => {
    const path = join(journey.directory, sitePath);
    const original = await readFile(path, 'utf8');
    const edited = original.replace('location / {', 'location = /edited { return 200 "edited"; }\n    location / {');
    // As editors save: a new file renamed into place.
    await writeFile(`${path}.tmp`, edited);
    await rename(`${path}.tmp`, path);
    await eventually(
      'the edit served',
      async () => {
        expect(await get('/edited')).toBe('edited');
      },
      { withinMs: 5000 },
    );

    await appendFile(path, '\nlisten_to_this on;\n');
    await eventually(
      "nginx's own message in the log",
      async () => {
        expect((await compose.logs('lbwatch')).join('\n')).toContain('unknown directive "listen_to_this"');
      },
      { withinMs: 5000 },
    );
    expect(await get('/edited')).toBe('edited');
    await expectPrimaries(2)();

    await writeFile(path, original);
    await eventually(
      'the repair served',
      async () => {
        expect(await get('/edited')).not.toBe('edited');
      },
      { withinMs: 5000 },
    );
  }, 60_000);
});

function expectPrimaries(count: number): () => Promise<void> {
  return expectAnswersFrom(primaries, count);
}

/** All of 12 requests a member are answered by so many containers of these services, and by no others. */
function expectAnswersFrom(services: readonly string[], count: number): () => Promise<void> {
  return async () => {
    const answers: readonly Answer[] = await whoAnswers(journey.port, 12 * count);
    expect(failures(answers)).toEqual([]);
    expect(distinctMembers(answers)).toHaveLength(count);
    expect(distinctMembers(answers, services)).toHaveLength(count);
  };
}

async function awaitPrimaries(count: number, withinMs: number): Promise<void> {
  await eventually(`${String(count)} primaries answering`, expectPrimaries(count), { withinMs });
}

async function awaitInStep(): Promise<void> {
  await eventually(
    'doctor content',
    async () => {
      expect((await compose.try('exec', '-T', 'lbwatch', 'lbwatch', 'doctor')).output).toContain(
        'runs what the labels ask for',
      );
    },
    { withinMs: 10_000 },
  );
}

/** nginx's worker processes: a reload makes new ones. */
async function listWorkers(): Promise<readonly string[]> {
  const text = await compose.exec('nginx', 'sh', '-c', 'cat /proc/1/task/1/children');
  return text.trim().split(' ').sort();
}

async function get(path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${String(journey.port)}${path}`)).text();
}

async function runExtra(name: string, labels: readonly string[], project: string): Promise<void> {
  const words = [`com.docker.compose.project=${project}`, ...labels].flatMap((label) => ['--label', label]);
  const network = `${journey.project}_default`;
  const result = await compose.docker('run', '-d', '--name', name, '--network', network, ...words, 'lbwatch/flask');
  if (!result.ok) throw new Error(result.output);
}
