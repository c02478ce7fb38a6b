/** tcp pools through the shipped bundle and a real nginx: served, left out with a reason, put back, never in http's way. */

import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterEach, beforeAll, expect, test } from '@jest/globals';

import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { RunLab, addressOf, buildBundle } from '../support/run-lab.ts';

const soon = { withinMs: 10_000, everyMs: 20 };
const tcpLabels = { 'lb.pool': 'db', 'lb.protocol': 'tcp' };

const cleanups: (() => unknown)[] = [];
beforeAll(() => {
  expect(buildBundle()).toEqual({ code: 0, said: '' });
}, 60_000);
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('members join and leave, the empty pool closes at once, and people see what the pool speaks', async () => {
  const { lab, port } = await start();
  const difference = await lab.command(['render', '--diff']);
  expect(difference.stdout).toContain(`--- ${lab.nginx.generatedPath}`);
  expect(difference.stdout).toContain(`--- ${lab.nginx.streamsPath}`);
  lab.run();
  expect(await ask(port)).toBe('');
  const one = lab.addApp(1, { labels: tcpLabels });
  const controllerAnswers = async (wanted: string): Promise<void> =>
    eventually(
      `"${wanted}" answers`,
      async () => {
        expect(await ask(port)).toBe(wanted);
      },
      soon,
    );
  await serve(1);
  await controllerAnswers('app-1');

  const explained = await lab.command(['explain', 'app-1']);
  expect(explained.stdout).toMatch(/\napp-1 +db \(tcp\) +primary +in +127\.0\.1\.1:8000 /);
  const json: unknown = JSON.parse((await lab.command(['explain', 'app-1', '--json'])).stdout);
  expect(json).toMatchObject([{ container: 'app-1', pool: 'db', protocol: 'tcp', state: 'in' }]);
  const doctor = await lab.command(['doctor']);
  expect(doctor).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok +streams +nginx includes /m) });
  expect(doctor.stdout).toMatch(/pools: app \(0\), db \(tcp, 1\)/);
  const rendered = await lab.command(['render']);
  expect(rendered.stdout).toBe(`${lab.nginx.generated()}\n${lab.nginx.streams()}`);

  lab.docker.end(one);
  await controllerAnswers('');
});

test('streams.conf touched by somebody is put back without a reload', async () => {
  const { lab } = await start();
  lab.addApp(1, { labels: tcpLabels });
  const controller = lab.run({ LBWATCH_LOG_LEVEL: 'debug' });
  // The pass of the start is over: nothing but the edit makes another, until the silent stream is replaced.
  await controller.logged('pass', 'applied');
  const wanted = lab.nginx.streams();
  const workers = lab.nginx.workers();
  writeFileSync(lab.nginx.streamsPath, 'upstream db { server 6.6.6.6:1; }\n');
  await controller.logged('generated file put back; nginx runs it already', 'generated file changed');
  expect(lab.nginx.streams()).toBe(wanted);
  expect(lab.nginx.workers()).toEqual(workers);
});

test('nginx does not include streams.conf: said with what to write, http is served; an edit puts it right', async () => {
  const lab = await startWithout();
  const port = await freePort();
  lab.addApp(1, { labels: tcpLabels });
  lab.addApp(2);
  await serve(1);
  const controller = lab.run();
  await lab.inStep(2);
  await controller.logged('problem', `write "include ${lab.nginx.streamsPath};" in a stream block`);
  const doctor = await lab.command(['doctor']);
  expect(doctor).toMatchObject({ code: 1, stdout: expect.stringMatching(/^failed +streams +nginx: nginx does not /m) });

  const { configurationPath } = lab.nginx;
  const stream = `  server { listen 127.0.0.1:${String(port)}; proxy_pass db; }\n`;
  writeFileSync(configurationPath, lab.nginx.withStream(readFileSync(configurationPath, 'utf8'), stream));
  await eventually(
    'the tcp pool is served',
    async () => {
      expect(await ask(port)).toBe('app-1');
    },
    soon,
  );
  await controller.logged('problem gone', 'app-1');
});

test('a pool that nginx refuses is left out alone, and holds nobody back', async () => {
  const lab = await startWithout();
  const port = await freePort();
  // Where lbwatch does not see it: the site's folders do not hold it.
  const hidden = join(lab.nginx.directory, 'hidden.conf');
  writeFileSync(hidden, 'upstream db { server 127.0.0.1:1; }\n');
  const stream = `  server { listen 127.0.0.1:${String(port)}; proxy_pass queue; }\n`;
  const configuration = lab.nginx.withStream(readFileSync(lab.nginx.configurationPath, 'utf8'), stream);
  const duplicated = configuration.replace('stream {', `stream { include ${hidden};`);
  writeFileSync(lab.nginx.configurationPath, duplicated);
  lab.addApp(1, { labels: tcpLabels });
  lab.addApp(2, { labels: { ...tcpLabels, 'lb.pool': 'queue' } });
  await serve(2);
  lab.addApp(3);
  const controller = lab.run();
  await lab.inStep(3);
  await controller.logged('problem', 'nginx refuses this pool, and runs without it: nginx: duplicate upstream "db"');
  expect(await ask(port)).toBe('app-2');
  expect(lab.nginx.streams()).not.toContain('upstream db ');

  // Passes go on, and the log does not repeat itself.
  lab.addApp(4);
  await lab.inStep(3, 4);
  expect(controller.said('problem')).toHaveLength(1);
  writeFileSync(hidden, '# nothing\n');
  controller.signal('SIGHUP');
  await controller.logged('problem gone', 'app-1');
  expect(lab.nginx.streams()).toContain('upstream db ');
});

/** A lab whose nginx passes a port to the tcp pool `db`. */
async function start(): Promise<{ readonly lab: RunLab; readonly port: number }> {
  const port = await freePort();
  const lab = await RunLab.start(`  server { listen 127.0.0.1:${String(port)}; proxy_pass db; }\n`);
  cleanups.push(() => lab.remove());
  return { lab, port };
}

async function startWithout(): Promise<RunLab> {
  const lab = await RunLab.start();
  cleanups.push(() => lab.remove());
  return lab;
}

/** Has somebody greet at an app's address with its name, and hang up. */
async function serve(number: number): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(`app-${String(number)}`);
  });
  server.listen(8000, addressOf(number));
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return server;
}

/** What a client is sent until the connection is closed. Fails where that takes longer than a second. */
async function ask(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, timeout: 1000 });
  socket.on('timeout', () => socket.destroy(new Error('the connection hangs')));
  return text(socket);
}
