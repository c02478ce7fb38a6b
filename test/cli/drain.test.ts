import { readdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import type { ServerResponse } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { describe, expect, test } from '@jest/globals';

import { eventually } from '../support/eventually.ts';
import type { Ended, RunLab } from '../support/run-lab.ts';
import { useRunLab } from '../support/use-run-lab.ts';

const soon = { withinMs: 10_000, everyMs: 20 };

let lab: RunLab;

useRunLab((started) => {
  lab = started;
});

describe('drain', () => {
  test('takes a member out, acknowledged when it answers, and undrain brings it back', async () => {
    const controller = lab.run();
    const one = lab.addApp(1);
    lab.addApp(2);
    await lab.inStep(1, 2);
    expect(await lab.command(['drain', 'app-1'])).toEqual({
      code: 0,
      stdout: 'app-1 is drained; nginx has no connection to it\n',
      stderr: '',
    });
    // At once, not eventually.
    expect(await inStepNow(2)).toBe(true);
    expect(await rowOf('app-1')).toMatchObject({
      state: 'out',
      address: '127.0.1.1:8000',
      reason: 'drained by hand; lbwatch undrain ends it',
    });
    await controller.logged('pool changed', '- app-1 127.0.1.1:8000 (drained by hand; lbwatch undrain ends it)');

    // Again, by another name: nothing to do.
    const workers = lab.nginx.workers();
    const { code, stdout } = await lab.command(['drain', one, '--json']);
    const answer: unknown = JSON.parse(stdout);
    expect({ code, answer }).toEqual({
      code: 0,
      answer: { container: 'app-1', drained: true, acknowledged: true, connections: 0, drainMs: 300_000 },
    });
    expect(lab.nginx.workers()).toEqual(workers);

    expect(await lab.command(['undrain', 'app-1'])).toEqual({
      code: 0,
      stdout: 'app-1 is not drained any more: in app (running)\n',
      stderr: '',
    });
    expect(await inStepNow(1, 2)).toBe(true);
    expect(drainFiles()).toEqual([]);
  });

  test('--wait waits for the request in work, and no longer; the request is answered', async () => {
    const { slow, asking } = await askSlowly();
    lab.addApp(2);

    let isOver = false;
    const draining = lab.command(['drain', 'app-1', '--wait']).finally(() => (isOver = true));
    await lab.inStep(2);
    await eventually(
      'it is acknowledged',
      async () => {
        expect(await told('app-1')).toMatchObject({ drained: true, acknowledged: true, connections: 1 });
      },
      soon,
    );
    expect(isOver).toBe(false);
    slow.answer();
    expect(await (await asking).text()).toBe('late');
    expect(await draining).toEqual({
      code: 0,
      stdout: 'app-1 is drained; nginx has no connection to it\n',
      stderr: '',
    });
  });

  test('the time is up: 6, and how many are left', async () => {
    const { slow, asking } = await askSlowly();
    expect(await lab.command(['drain', 'app-1', '--wait', '--timeout', '400ms'])).toEqual({
      code: 6,
      stdout: '',
      stderr: 'app-1 is drained, but the time is up (0.4 s): nginx still has 1 connection to it\n',
    });
    slow.answer();
    expect((await asking).status).toBe(200);
  });

  test("the container's lb.drain is the time, where none is given", async () => {
    const { slow, asking } = await askSlowly({ 'lb.pool': 'app', 'lb.drain': '1s' });
    const { code, stdout } = await lab.command(['drain', 'app-1', '--wait', '--json']);
    const answer: unknown = JSON.parse(stdout);
    expect({ code, answer }).toMatchObject({ code: 6, answer: { connections: 1, drainMs: 1000 } });
    slow.answer();
    await asking;
  });

  test('outlasts kill -9 of the controller, and a restart of the container', async () => {
    const first = lab.run();
    const one = lab.addApp(1);
    lab.addApp(2);
    await lab.inStep(1, 2);
    await lab.command(['drain', 'app-1']);
    await first.kill();

    const second = lab.run();
    expect(await second.logged('pool in step')).toMatchObject({ primaries: 1 });
    expect(second.said('pool changed')).toEqual([]);
    lab.docker.end(one);
    lab.docker.startAgain(one, '127.0.1.1');
    lab.addApp(3);
    await lab.inStep(2, 3);
    expect(await rowOf('app-1')).toMatchObject({ state: 'out', reason: expect.stringContaining('drained by hand') });
    expect(await lab.command(['undrain', 'app-1'])).toMatchObject({ code: 0 });
    await lab.inStep(1, 2, 3);
  });

  test('ends when the container goes', async () => {
    lab.run({ LBWATCH_RESYNC: '300ms' });
    const one = lab.addApp(1);
    await lab.inStep(1);
    await lab.command(['drain', 'app-1']);
    expect(drainFiles()).toEqual([one]);
    lab.docker.end(one);
    lab.docker.delete(one);
    await eventually(
      'its file is gone',
      () => {
        expect(drainFiles()).toEqual([]);
      },
      soon,
    );
    // A namesake is somebody else.
    lab.addApp(1);
    await lab.inStep(1);
  });

  test('several at once', async () => {
    lab.run();
    for (const number of [1, 2, 3, 4]) lab.addApp(number);
    await lab.inStep(1, 2, 3, 4);
    const ended = await Promise.all(
      [1, 2, 3].map((number) => lab.command(['drain', `app-${String(number)}`, '--wait'])),
    );
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await inStepNow(4)).toBe(true);
  });

  test('nginx is away: the outcome is told, and the drain holds when it is back', async () => {
    lab.run();
    lab.addApp(1);
    lab.addApp(2);
    await lab.inStep(1, 2);
    await lab.nginx.stop();
    expect(await lab.command(['drain', 'app-1'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^lbwatch: app-1 is not drained as asked: no nginx runs here .*; the drain of app-1 is noted, and holds /,
      ),
    });
    await lab.nginx.start();
    await lab.inStep(2);
  });

  test('who cannot be drained', async () => {
    lab.run();
    lab.addApp(1);
    lab.docker.add({ name: 'database' });
    await lab.inStep(1);
    expect(await lab.command(['drain', 'nobody'])).toMatchObject({
      code: 1,
      stderr: 'lbwatch: nobody is not drained as asked: no container is called nobody; lbwatch explain lists them\n',
    });
    expect(await lab.command(['drain', 'database'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('database is in no pool and asks for none: no lb.pool or lb.backup label'),
    });
    // The ids of all containers of the fake engine begin so.
    expect(await lab.command(['drain', 'c0ffeec0ffee'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('several'),
    });
    expect(await lab.command(['undrain', 'nobody'])).toMatchObject({ code: 1 });
    expect(drainFiles()).toEqual([]);
  });

  test.each([
    [['drain'], 1, /missing required argument 'container'/],
    [['drain', 'app-1', '--timeout', '5s'], 2, /^lbwatch: --timeout is of use with --wait only\n$/],
    [
      ['drain', 'app-1', '--wait', '--timeout', 'soon'],
      2,
      /^lbwatch: --timeout is "soon"; allowed: a duration such as/,
    ],
    [['drain', 'app-1'], 1, /no controller answers at 127\.0\.0\.1:\d+: .*ECONNREFUSED.*docker compose exec lbwatch/],
    [['undrain', 'app-1'], 1, /no controller answers at 127\.0\.0\.1:\d+: .*docker compose exec lbwatch/],
  ])('%j without a controller: %i', async (words, code, said) => {
    expect(await lab.command(words)).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(said) });
  });

  test('what lies in its folder and is no drain is told once, and takes nobody along', async () => {
    const controller = lab.run();
    lab.addApp(1);
    await lab.inStep(1);
    await lab.command(['drain', 'app-1']);
    writeFileSync(join(lab.nginx.sharedDirectory, 'drained', 'app-2'), 'by hand');
    lab.addApp(2);
    await lab.inStep(2);
    lab.addApp(3);
    await lab.inStep(2, 3);
    expect(controller.said('note')).toEqual([
      expect.objectContaining({ line: expect.stringContaining('drained/app-2 is ignored') }),
    ]);
    expect((await lab.command(['explain'])).stderr).toMatch(/^note: .*drained\/app-2 is ignored: .*; remove it$/m);
    expect((await lab.command(['doctor'])).stdout).toMatch(/^warning +notes .*app-2/m);
  });
});

describe('a container by itself, as a pre_stop hook calls', () => {
  const address = ownAddress();
  const onAll = (): Readonly<Record<string, string>> => ({ LBWATCH_STATUS: String(lab.statusPort) });

  test('is drained until it is started again', async () => {
    lab.run(onAll());
    const one = lab.addApp(1, { name: 'caller', address });
    lab.addApp(2);
    await eventually(
      'both are in',
      async () => {
        expect(await rowOf('caller')).toMatchObject({ state: 'in' });
        expect(lab.nginx.generated()).toContain(`server ${address}:8000;`);
      },
      soon,
    );
    const drained = await post('/drain?wait=5s', address);
    expect(drained).toEqual({
      code: 200,
      json: expect.objectContaining({ container: 'caller', drained: true, acknowledged: true, connections: 0 }),
    });
    expect(await inStepNow(2)).toBe(true);
    expect(await rowOf('caller')).toMatchObject({ reason: 'drained at its own request until it is started again' });

    lab.docker.end(one);
    lab.docker.startAgain(one, address);
    await eventually(
      'it is back',
      async () => {
        expect(await rowOf('caller')).toMatchObject({ state: 'in' });
        expect(drainFiles()).toEqual([]);
      },
      soon,
    );
  });

  test('the command line beside a controller that answers on one address of its own may name any', async () => {
    const there = { LBWATCH_STATUS: `${address}:${String(lab.statusPort)}` };
    lab.run(there);
    lab.addApp(1);
    lab.addApp(2, { name: 'not-the-caller', address });
    lab.addApp(3);
    await eventually(
      'all are in',
      () => {
        expect(lab.nginx.generated().match(/:8000;/g)).toHaveLength(3);
      },
      soon,
    );
    expect(await lab.command(['drain', 'app-1'], there)).toMatchObject({ code: 0 });
    expect(await rowOf('app-1')).toMatchObject({ reason: 'drained by hand; lbwatch undrain ends it' });
  });

  test('may not speak for another, and neither may an address that is no container’s', async () => {
    lab.run(onAll());
    lab.addApp(1);
    await lab.inStep(1);
    const refused = { code: 403, json: { error: expect.stringContaining('docker compose exec lbwatch') } };
    expect(await post('/drain', address)).toEqual(refused);
    expect(await post('/drain', address, { container: 'app-1' })).toEqual(refused);
    expect(await post('/undrain', address, { container: 'app-1' })).toEqual(refused);
    lab.docker.add({ name: 'caller', address, labels: { 'lb.pool': 'other:80' } });
    await eventually(
      'it is known',
      async () => {
        expect((await post('/drain', address)).code).toBe(200);
      },
      soon,
    );
    expect(await post('/drain', address, { container: 'app-1' })).toEqual(refused);
    expect(await inStepNow(1)).toBe(true);
  });
});

/** What a command on this machine's own address gets from all the others'. */
function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  if (found === undefined) throw new Error('this test needs an IPv4 address beside loopback, such as docker0 has');
  return found.address;
}

/** From an address, to the controller's loopback. */
function post(path: string, localAddress: string, body?: object): Promise<{ code: unknown; json: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const asking = request(
      { host: '127.0.0.1', port: lab.statusPort, path, method: 'POST', localAddress, headers, agent: false },
      (response) => {
        text(response).then((said) => {
          const json: unknown = JSON.parse(said);
          resolve({ code: response.statusCode, json });
        }, reject);
      },
    );
    asking.on('error', reject);
    asking.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** A controller, its only member, and a request that has come to it and is not answered yet. */
async function askSlowly(labels: Readonly<Record<string, string>> = { 'lb.pool': 'app' }) {
  const slow = await serveSlowly(1);
  lab.run();
  lab.addApp(1, { labels });
  await lab.inStep(1);
  const asking = lab.ask();
  await slow.begun();
  return { slow, asking };
}

/** An app whose first request is answered when the test says so. */
async function serveSlowly(number: number) {
  const waiting: ServerResponse[] = [];
  await lab.serveApp(number, (_, response) => waiting.push(response));
  return {
    begun: () =>
      eventually(
        'the request has come',
        () => {
          expect(waiting).toHaveLength(1);
        },
        soon,
      ),
    answer: () => {
      for (const response of waiting) response.end('late');
    },
  };
}

async function told(container: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${String(lab.statusPort)}/drain?container=${container}`);
  return response.json();
}

async function rowOf(name: string): Promise<unknown> {
  const { stdout }: Ended = await lab.command(['explain', name, '--json']);
  const parse: (json: string) => readonly unknown[] = JSON.parse;
  return parse(stdout)[0];
}

/** Whether nginx runs now, and not in a moment, what the file says, and the file says these. */
async function inStepNow(...numbers: readonly number[]): Promise<boolean> {
  const before = lab.nginx.generated();
  const workers = lab.nginx.workers();
  await lab.inStep(...numbers);
  return lab.nginx.generated() === before && String(lab.nginx.workers()) === String(workers);
}

function drainFiles(): readonly string[] {
  try {
    return readdirSync(join(lab.nginx.sharedDirectory, 'drained'));
  } catch {
    return [];
  }
}
