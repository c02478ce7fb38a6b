/** A member's whole life on a real engine: when it joins, when it leaves, who serves when nobody should, and what lasts. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import type { Running } from '../../support/compose.ts';
import { eventually } from '../../support/eventually.ts';
import { explain } from '../../support/explained.ts';
import type { Explained } from '../../support/explained.ts';
import { prepareJourney } from '../../support/journey.ts';
import type { Journey } from '../../support/journey.ts';
import { SteadyTraffic } from '../../support/steady-traffic.ts';
import type { Timed } from '../../support/steady-traffic.ts';
import { failures, whoAnswers } from '../../support/who-answers.ts';

const members = [
  'app',
  'slow',
  'stubborn',
  'own-signal',
  'asked',
  'sick',
  'slow-check',
  'hashed',
  'spare',
  'far',
  'light',
  'echo',
];
const patience = { withinMs: 30_000 };
let journey: Journey;

beforeAll(async () => {
  journey = await prepareJourney('life', 'life/docker-compose.yaml');
  await journey.compose.run('up', '-d', '--no-build', 'nginx', 'lbwatch');
}, 120_000);

afterEach(async () => {
  await journey.compose.run('rm', '-sf', ...members);
}, 120_000);

afterAll(async () => {
  await journey.end();
}, 120_000);

describe('joining', () => {
  test('a slow starter gets nothing until it listens, and no request fails', async () => {
    await start('app');
    await serving('app');
    const traffic = new SteadyTraffic(journey.port);
    await start('slow');
    const waiting = await standing('slow', 'waiting');
    expect(waiting.reason).toMatch(/^nothing listens on .* yet$/);
    await serving('app', 'slow');
    expect(failures((await traffic.stop()).map(({ answer }) => answer))).toEqual([]);
  }, 120_000);

  test('where nobody else is, one whose health check takes an hour serves as soon as its port answers', async () => {
    await start('slow-check');
    await serving('slow-check');
    expect((await standing('slow-check', 'in')).reason).toContain('its port answers and nobody else is there');
    await start('app');
    await serving('app');
    expect((await standing('slow-check', 'waiting')).reason).toBe('its health check has not passed yet');
  }, 120_000);

  test('one that lbwatch cannot reach is served unchecked, and explain and doctor say what to do', async () => {
    await start('far');
    await serving('far');
    const told = 'lbwatch is not on network';
    expect(await journey.compose.exec('lbwatch', 'lbwatch', 'explain')).toContain(told);
    expect((await journey.compose.try('exec', '-T', 'lbwatch', 'lbwatch', 'doctor')).stdout).toContain(told);
  }, 120_000);

  test('twenty starts cost eight reloads where they are spread over five seconds, and one more for each further second', async () => {
    await journey.compose.run('up', '--no-start', '--no-build', '--scale', 'light=20', 'light');
    const { stdout } = await journey.compose.docker('ps', '-aq', '--filter', `name=${journey.project}-light-`);
    const ids = stdout.split('\n').filter(Boolean);
    expect(ids).toHaveLength(20);
    const [first = '', ...others] = ids;
    await journey.compose.docker('start', first);
    await serving('light');
    const before = await countReloads();
    const traffic = new SteadyTraffic(journey.port, 5);
    await journey.compose.docker('start', ...others);
    const startedAtMs = (await journey.compose.running('light')).map((replica) => replica.startedAtMs).sort(ascending);
    await eventually(
      'all twenty answer',
      () => {
        expect(firstAnswers(traffic.seen).size).toBe(20);
      },
      { withinMs: 60_000 },
    );
    const seen = await traffic.stop();
    expect(failures(seen.map(({ answer }) => answer))).toEqual([]);
    const reloads = (await countReloads()) - before;
    const lastStartMs = startedAtMs.at(-1) ?? 0;
    const spreadMs = lastStartMs - (startedAtMs[1] ?? 0);
    const servedMs = Math.max(...firstAnswers(seen).values()) - lastStartMs;
    process.stdout.write(
      `nineteen starts within ${String(spreadMs)} ms: ${String(reloads)} reloads, all served ${String(servedMs)} ms after the last start\n`,
    );
    expect(reloads).toBeLessThanOrEqual(3 + Math.ceil(Math.max(5000, spreadMs) / 1000));
  }, 180_000);
});

describe('leaving', () => {
  test('at the stop signal, while it still runs and answers', async () => {
    await start('app', 'stubborn');
    await serving('app', 'stubborn');
    const stubborn = await only('stubborn');
    const traffic = new SteadyTraffic(journey.port);
    const stopped = journey.compose.docker('stop', '-t', '8', stubborn.id);
    expect((await standing('stubborn', 'out')).reason).toBe('was told to stop');
    await serving('app');
    expect((await only('stubborn')).id).toBe(stubborn.id);
    await stopped;
    expect(failures((await traffic.stop()).map(({ answer }) => answer))).toEqual([]);
  }, 120_000);

  test('at its own stop signal, and not at another', async () => {
    await start('app', 'own-signal');
    await serving('app', 'own-signal');
    const { id } = await only('own-signal');
    await journey.compose.docker('kill', '-s', 'HUP', id);
    await journey.compose.docker('kill', '-s', 'USR1', id);
    expect((await standing('own-signal', 'out')).reason).toBe('was told to stop');
    const log = (await journey.compose.logs('lbwatch')).filter((line) => line.includes('own-signal-1'));
    expect(log.filter((line) => / - \S*own-signal-1/.test(line))).toHaveLength(1);
    // What it has to tell of HUP comes before what it told of USR1, if at all.
    expect(await journey.compose.docker('inspect', '-f', '{{.State.Running}}', id)).toMatchObject({ stdout: 'true' });
  }, 120_000);

  test('the last one that still answers goes on until it ends: nobody is turned away for it', async () => {
    await start('stubborn');
    await serving('stubborn');
    const stopped = journey.compose.docker('stop', '-t', '10', (await only('stubborn')).id);
    await eventually(
      'it is known to leave',
      async () => {
        expect((await standing('stubborn', 'in')).reason).toContain('was told to stop, but still answers');
      },
      patience,
    );
    expect(failures(await whoAnswers(journey.port, 5))).toEqual([]);
    await stopped;
    await eventually(
      '503',
      async () => {
        expect(failures(await whoAnswers(journey.port, 1))).toEqual(['status 503']);
      },
      patience,
    );
  }, 120_000);

  test('paused and on again; off its network and on it again', async () => {
    await start('app', 'asked');
    await serving('app', 'asked');
    const { id, name } = await only('asked');
    await journey.compose.docker('pause', id);
    expect((await standing('asked', 'out')).reason).toBe('paused');
    await serving('app');
    await journey.compose.docker('unpause', id);
    await serving('app', 'asked');
    await journey.compose.docker('network', 'disconnect', `${journey.project}_default`, name);
    await standing('asked', 'out');
    await serving('app');
    await journey.compose.docker('network', 'connect', `${journey.project}_default`, name);
    await serving('app', 'asked');
  }, 120_000);

  test('one that hangs, which no event tells, leaves by its check and comes back', async () => {
    await start('app', 'asked');
    await serving('app', 'asked');
    await journey.compose.exec('asked', 'sh', '-c', 'kill -STOP -1');
    expect((await standing('asked', 'out')).reason).toBe('/healthz did not answer within 300 ms');
    await serving('app');
    await journey.compose.exec('asked', 'sh', '-c', 'kill -CONT -1');
    await serving('app', 'asked');
  }, 120_000);
});

describe('who serves when', () => {
  test('unhealthy: the healthy, then backups, then, where nobody is, the unhealthy all the same', async () => {
    await start('app', 'sick', 'spare');
    await serving('app', 'sick');
    await journey.compose.exec('sick', 'touch', '/dev/shm/sick');
    await serving('app');
    await journey.compose.run('rm', '-sf', 'app');
    await serving('spare');
    await journey.compose.run('rm', '-sf', 'spare');
    await serving('sick');
    expect((await standing('sick', 'in')).reason).toBe('unhealthy, but nobody is healthy');
    await journey.compose.exec('sick', 'rm', '/dev/shm/sick');
    await eventually(
      'healthy',
      async () => {
        expect((await standing('sick', 'in')).reason).toBe('healthy');
      },
      patience,
    );
  }, 120_000);

  test('a method that admits no backup: it takes over when no primary is left, and steps back', async () => {
    await start('hashed', 'spare');
    await serving('hashed');
    expect((await standing('spare', 'waiting')).reason).toContain('admits no backup');
    await journey.compose.run('rm', '-sf', 'hashed');
    await serving('spare');
    await start('hashed');
    await serving('hashed');
  }, 120_000);
});

test('an upgraded connection outlives the reloads that others cause', async () => {
  await start('echo');
  // Until nginx has it, requests for this pool are answered 503.
  const { socket, heard } = await eventually('upgraded', () => upgrade(), patience);
  const before = await countReloads();
  for (const replicas of ['1', '2', '3']) {
    await journey.compose.run('up', '-d', '--no-build', '--no-recreate', '--scale', `app=${replicas}`, 'app');
    await eventually(
      'reloaded',
      async () => {
        expect(await countReloads()).toBeGreaterThanOrEqual(before + Number(replicas));
      },
      patience,
    );
    socket.write(`after ${replicas}\n`);
    await eventually(
      'answered',
      () => {
        expect(heard()).toContain(`after ${replicas}\n`);
      },
      patience,
    );
  }
  socket.destroy();
}, 120_000);

/** Asks for another protocol, and throws where it is not given. */
async function upgrade(): Promise<{ readonly socket: Socket; readonly heard: () => string }> {
  const socket = connect(journey.port, '127.0.0.1');
  let heard = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk));
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  await once(socket, 'data');
  if (!heard.includes('101 Switching Protocols')) {
    socket.destroy();
    throw new Error(heard);
  }
  return { socket, heard: () => heard };
}

async function start(...services: readonly string[]): Promise<void> {
  await journey.compose.run('up', '-d', '--no-build', '--no-recreate', ...services);
}

/** Resolves when a run of requests is answered by all of these services and by nobody else. */
async function serving(...services: readonly string[]): Promise<void> {
  await eventually(
    `${services.join(', ')} serving`,
    async () => {
      const answers = await whoAnswers(journey.port, 4 * services.length);
      expect(failures(answers)).toEqual([]);
      const who = answers.flatMap((answer) => (answer.kind === 'app' ? [answer.service] : []));
      expect([...new Set(who)].sort()).toEqual([...services].sort());
    },
    patience,
  );
}

/** The row of a service's only container, once it is in, waiting or out. */
function standing(service: string, state: Explained['state']): Promise<Explained> {
  return eventually(
    `${service} ${state}`,
    async () => {
      const rows = await explain(journey.compose);
      const row = rows.find(({ container }) => container.includes(`-${service}-1`));
      if (row?.state !== state) throw new Error(`it is ${row?.state ?? 'not there'}: ${row?.reason ?? ''}`);
      return row;
    },
    patience,
  );
}

/** When each host name was heard of first, in Unix milliseconds. */
function firstAnswers(seen: readonly Timed[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const { answer, atMs } of seen) {
    if (answer.kind === 'app' && !first.has(answer.hostname)) first.set(answer.hostname, atMs);
  }
  return first;
}

function ascending(one: number, other: number): number {
  return one - other;
}

async function only(service: string): Promise<Running> {
  const [running] = await journey.compose.running(service);
  if (running === undefined) throw new Error(`${service} does not run`);
  return running;
}

async function countReloads(): Promise<number> {
  // What nginx has done a moment ago is in the log a moment later.
  await pause(200);
  return (await journey.compose.logs('nginx')).filter((line) => line.endsWith(': reconfiguring')).length;
}
