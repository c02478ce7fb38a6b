/** tcp and udp pools on a real engine, seen by a real client. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { EchoConnection, SteadyEcho, askDatagram, echoMembers } from '../../support/echo-client.ts';
import { eventually } from '../../support/eventually.ts';
import { explain } from '../../support/explained.ts';
import { prepareJourney } from '../../support/journey.ts';
import type { Journey } from '../../support/journey.ts';
import { distinctMembers, failures, whoAnswers } from '../../support/who-answers.ts';

const soon = { withinMs: 20_000, everyMs: 100 };
const streamBlock = `
stream {
    include /etc/nginx/lbwatch/streams.conf;
    server { listen 7000; proxy_pass echo; proxy_connect_timeout 1s; }
    server { listen 7000 udp; proxy_pass datagrams; proxy_responses 1; proxy_timeout 2s; }
}
`;

let journey: Journey;
let tcpPort: number;
let udpPort: number;

beforeAll(async () => {
  journey = await prepareJourney('streams', 'streams/docker-compose.yaml');
  await journey.compose.run('up', '-d', '--no-build');
  tcpPort = await journey.compose.publishedPort('nginx', 7000);
  udpPort = await journey.compose.publishedPort('nginx', 7000, 'udp');
}, 120_000);

afterAll(async () => {
  await journey.end();
}, 60_000);

test('as shipped, nginx has no stream block: the http pool is served, and the others are told what to write', async () => {
  await eventually(
    'the http pool answers',
    async () => {
      expect(distinctMembers(await whoAnswers(journey.port, 3))).toHaveLength(1);
    },
    soon,
  );
  const rows = await eventually('an explanation', () => explain(journey.compose), soon);
  expect(rows.filter(({ pool }) => pool === 'echo')).toEqual([
    expect.objectContaining({ state: 'out', protocol: 'tcp', reason: expect.stringContaining('streams.conf;') }),
    expect.objectContaining({ state: 'out', protocol: 'tcp', reason: expect.stringContaining('in a stream block') }),
  ]);
}, 60_000);

test('the block is written: tcp and udp get through, without anything being restarted', async () => {
  await appendFile(join(journey.directory, 'nginx/nginx.conf'), streamBlock);
  await expectMembers('echo', 1);
  await eventually('a datagram is answered', () => askDatagram(udpPort, 500), soon);
  expect(failures(await whoAnswers(journey.port, 3))).toEqual([]);
}, 60_000);

test('scaled to three, all three answer; one is stopped, and no connection fails', async () => {
  const traffic = new SteadyEcho(tcpPort);
  await scale(3);
  await expectMembers('echo', 3);
  const [first] = await journey.compose.running('echo');
  await journey.compose.docker('stop', first?.name ?? '');
  await expectMembers('echo', 2);
  const { answered, failures: failed } = await traffic.stop();
  expect(failed).toEqual([]);
  expect(answered).toBeGreaterThan(50);
}, 120_000);

test('a connection outlives reloads, and goes on with whom it was made to', async () => {
  const connection = await EchoConnection.open(tcpPort);
  const name = await connection.ask('before');
  await scale(4);
  await expectMembers('echo', 4);
  await scale(3);
  await expectMembers('echo', 3);
  const running = await journey.compose.running('echo');
  // Scaling down takes the newest, which was not there when the connection was made.
  expect(running.map(({ id }) => id.slice(0, 12))).toContain(name);
  expect(await connection.ask('after')).toBe(name);
  connection.close();
}, 120_000);

test('no primary is left: the backup takes over, and gives way again', async () => {
  await journey.compose.run('stop', '-t', '2', 'echo');
  await expectMembers('spare', 1);
  await journey.compose.run('start', 'echo');
  await expectMembers('echo', 3);
}, 120_000);

test('nobody is left: connections are closed at once, and http is served as before', async () => {
  await journey.compose.run('stop', '-t', '2', 'echo', 'spare');
  await eventually(
    'the pool is empty',
    async () => {
      expect((await explain(journey.compose)).filter(({ pool, state }) => pool === 'echo' && state === 'in')).toEqual(
        [],
      );
    },
    soon,
  );
  const beganMs = performance.now();
  await expect(echoMembers(tcpPort, 1)).rejects.toThrow(/closed|ECONNRESET/);
  expect(performance.now() - beganMs).toBeLessThan(1000);
  expect(failures(await whoAnswers(journey.port, 3))).toEqual([]);
  const { stdout } = await journey.compose.try('exec', '-T', 'lbwatch', 'lbwatch', 'doctor');
  expect(stdout).toMatch(/^ok +streams /m);
}, 120_000);

async function scale(count: number): Promise<void> {
  await journey.compose.run('up', '-d', '--no-build', '--no-deps', '--scale', `echo=${String(count)}`, 'echo');
}

/** All running containers of the service, and nobody else, answer over tcp. */
async function expectMembers(service: string, count: number): Promise<void> {
  await eventually(
    `${String(count)} of ${service} answering`,
    async () => {
      const running = await journey.compose.running(service);
      const names = running.map(({ id }) => id.slice(0, 12)).sort();
      expect(names).toHaveLength(count);
      expect(await echoMembers(tcpPort, 4 * count)).toEqual(names);
    },
    soon,
  );
}
