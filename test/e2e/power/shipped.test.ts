/** The shipped stack, less powerful still or differently set up: never root, and behind a filter of calls. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { eventually } from '../../support/eventually.ts';
import { haproxyImage } from '../../support/example.ts';
import { prepareJourney } from '../../support/journey.ts';
import type { Journey } from '../../support/journey.ts';
import { readControllerStatus } from '../../support/processes.ts';
import { distinctMembers, failures, whoAnswers } from '../../support/who-answers.ts';
import { readAsked, readCalls, renderRules } from './calls.ts';
import { useImage } from './use-image.ts';

const socket = '/var/run/docker.sock';
const none = '0000000000000000';
/** In the environment of a container, which lbwatch is shown. */
const secret = 'Zq7-environment-marker';
const soon = { withinMs: 60_000 };

let journey: Journey;

beforeEach(async () => {
  journey = await prepareJourney('shipped');
  await useImage(journey);
}, 60_000);
afterEach(async () => {
  await journey.end();
}, 60_000);

test('with the two lines that its comment names, nothing is root ever; the wrong group is told with the right one', async () => {
  const path = join(journey.directory, 'docker-compose.yaml');
  const text = await readFile(path, 'utf8');
  const lines = [...text.matchAll(/^ {4}# {3}((?:user|group_add): .*)$/gm)].map((match) => `    ${match[1] ?? ''}\n`);
  expect(lines).toHaveLength(2);
  const edited = text.replace(/^ {4}cap_add: .*\n/m, lines.join(''));
  expect(edited).not.toContain('cap_add:');
  await writeFile(path, edited);

  const { gid } = await stat(socket);
  await writeFile(join(journey.directory, '.env'), `DOCKER_GID=${String(gid + 1)}\n`);
  await journey.compose.run('up', '-d', '--no-build');
  await eventually(
    'the number to write in the log',
    async () => {
      expect((await journey.compose.logs('lbwatch')).join('\n')).toContain(
        `permission denied on ${socket}; it belongs to group ${String(gid)}: write group_add: ['${String(gid)}']`,
      );
    },
    soon,
  );
  await writeFile(join(journey.directory, '.env'), `DOCKER_GID=${String(gid)}\n`);
  await journey.compose.run('up', '-d', '--no-build');
  await awaitServed(2);
  expect(Object.fromEntries(await readControllerStatus(journey.compose, 'lbwatch'))).toMatchObject({
    Uid: '10001\t10001\t10001\t10001',
    CapPrm: none,
    CapEff: none,
    CapBnd: none,
  });
}, 120_000);

test('a shared volume that nginx made first, and root owns, is given to lbwatch while it is empty', async () => {
  const { compose, directory } = journey;
  // Has no folder of that name, so the volume is as the engine makes one.
  const plain = { services: { nginx: { image: 'lbwatch-nginx:1.26' } } };
  await writeFile(join(directory, 'plain.json'), JSON.stringify(plain));
  const files = ['-f', 'docker-compose.yaml', '-f', 'plain.json'];
  await compose.run(...files, 'run', '-d', '--no-deps', '--name', `${journey.project}-first`, 'nginx', 'sleep', '60');
  const owner = ['exec', `${journey.project}-first`, 'stat', '-c', '%u', '/etc/nginx/lbwatch'];
  expect((await compose.docker(...owner)).stdout).toBe('0');
  await compose.run('up', '-d', '--no-build');
  await awaitServed(2);
  expect((await compose.docker(...owner)).stdout).toBe('10001');
}, 120_000);

test('behind a proxy that allows what SECURITY.md lists: all of it is used, nothing else is asked for, and nothing of an environment is told', async () => {
  const calls = await readCalls('shipped');
  await writeFile(join(journey.directory, 'haproxy.cfg'), renderProxy(calls));
  await writeFile(join(journey.directory, 'proxied.json'), JSON.stringify(proxied));
  const upWith = (file: string, ...words: readonly string[]): Promise<string> =>
    journey.compose.run(
      '-f',
      'docker-compose.yaml',
      '-f',
      'proxied.json',
      '-f',
      file,
      'up',
      '-d',
      '--no-build',
      ...words,
    );
  const up = (...words: readonly string[]): Promise<string> => upWith('proxied.json', ...words);

  await up();
  await awaitServed(2);
  await up('--no-deps', '--scale', 'flaskservice=3', 'flaskservice');
  await awaitServed(4);
  await journey.compose.run('stop', '-t', '2', 'redudantservice');
  await awaitServed(3);
  await journey.compose.run('restart', '-t', '5', 'nginx');
  await awaitServed(3);
  // Looks at everything again.
  await journey.compose.run('kill', '-s', 'SIGHUP', 'lbwatch');
  const said = [
    await journey.compose.exec('lbwatch', 'lbwatch', 'doctor'),
    await journey.compose.exec('lbwatch', 'lbwatch', 'explain'),
    await journey.compose.exec('lbwatch', 'lbwatch', 'render'),
  ];

  // An nginx whose container has no shell.
  const withoutShell = {
    services: { nginx: { command: ['bash', '-c', "rm /usr/bin/sh /usr/bin/dash; exec nginx -g 'daemon off;'"] } },
  };
  await writeFile(join(journey.directory, 'no-shell.json'), JSON.stringify(withoutShell));
  await upWith('no-shell.json', '--no-deps', 'nginx');
  await awaitServed(3);
  await up('--no-deps', '--scale', 'flaskservice=1', 'flaskservice');
  await awaitServed(1);

  // An lbwatch that can keep no reload waiting: the pipes cannot be made.
  await writeFile(join(journey.directory, 'no-mkfifo'), '', { mode: 0o644 });
  const withoutPipes = { services: { lbwatch: { volumes: ['./no-mkfifo:/usr/bin/mkfifo:ro'] } } };
  await writeFile(join(journey.directory, 'no-pipes.json'), JSON.stringify(withoutPipes));
  await upWith('no-pipes.json', '--no-deps', 'lbwatch');
  await up('--no-deps', '--scale', 'flaskservice=2', 'flaskservice');
  await awaitServed(2);

  said.push(...(await journey.compose.logs('lbwatch')));
  expect(said.join('\n')).toContain('flaskservice-1');
  expect(said.join('\n')).not.toContain(secret);

  // Ends its streams, which the proxy logs when they end.
  await journey.compose.run('stop', '-t', '5', 'lbwatch');
  const { passed, refused } = readAsked(await journey.compose.logs('socket-proxy'));
  expect(refused).toEqual([]);
  expect([...passed].sort()).toEqual([...calls].sort());
}, 180_000);

/** The stack's lbwatch with a proxy in place of the socket. */
const proxied = {
  services: {
    lbwatch: { environment: { DOCKER_HOST: 'tcp://socket-proxy:2375', LBWATCH_LOG_LEVEL: 'debug' } },
    flaskservice: { environment: { DB_PASSWORD: secret } },
    'socket-proxy': {
      image: haproxyImage,
      user: 'root',
      entrypoint: ['haproxy', '-db', '-f', '/haproxy.cfg'],
      volumes: ['./haproxy.cfg:/haproxy.cfg:ro', `${socket}:${socket}`],
    },
  },
};

function renderProxy(calls: readonly string[]): string {
  return `global
    log stdout format raw local0
defaults
    mode http
    log global
    log-format "%ST %HM %HP"
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    # The shell: a connection that is upgraded.
    timeout tunnel 1h
frontend lbwatch
    bind :2375
${renderRules(calls)
  .map((rule) => `    ${rule}\n`)
  .join('')}    default_backend engine
backend engine
    server engine unix@${socket}
`;
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
