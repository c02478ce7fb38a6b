/** The shell that is kept in nginx's container, on a real engine: whatever happens to the container, nginx or lbwatch. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import { systemClock } from '../../src/adapters/clock.ts';
import { DockerEngine } from '../../src/adapters/docker.ts';
import { ContainerTargets } from '../../src/adapters/targets.ts';
import { handOver } from '../../src/loop/handover.ts';
import type { Target } from '../../src/loop/ports.ts';
import { eventually } from '../support/eventually.ts';
import { prepareJourney } from '../support/journey.ts';
import type { Journey } from '../support/journey.ts';
import { program } from '../support/use-shell.ts';
import '../support/native-errors.ts';

const soon = { withinMs: 15_000, everyMs: 50 };
const start = `sed -i 's/^worker_processes .*/worker_processes 2;/' /etc/nginx/nginx.conf; exec nginx -g 'daemon off;'`;

/** What `sh` is: how a container of one of our images is made to have it, or none. */
const variants = [
  { name: 'nginx 1.22, dash', image: 'lbwatch-nginx:1.22', script: start },
  { name: 'nginx 1.26, bash', image: 'lbwatch-nginx:1.26', script: `ln -sf bash /usr/bin/sh; ${start}` },
  { name: 'nginx of the stack, below an init', image: 'lbwatch/nginx', script: start, options: ['--init'] },
] as const;

let journey: Journey;
let targets: ContainerTargets;
let engine: DockerEngine;
let made = 0;

beforeAll(async () => {
  journey = await prepareJourney('shell');
  engine = new DockerEngine();
});
afterEach(async () => {
  await targets.close();
});
afterAll(async () => {
  await journey.end();
}, 60_000);

describe.each(variants)('$name', ({ image, script, ...rest }) => {
  const options = 'options' in rest ? rest.options : [];

  test('sees and tests nginx, and hands over early', async () => {
    const name = await runNginx(image, script, options);
    const target = await findWith(name, 2);
    expect((await target.readBuild()).version).toMatch(/^1\.\d+\.\d+$/);
    expect(await target.validate()).toEqual({ accepted: true });
    expect(await target.includes('/etc/nginx/nginx.conf')).toBe(true);
    expect(await target.readTcpTables()).toMatch(/local_address[^]*: 0+:0050 0+:0000 0A/);

    let old = new Set<number>();
    // Where this machine is busy for 100 ms, the master is faster: not five times in a row.
    await eventually(
      'handed over early',
      async () => {
        const before = (await target.listWorkers()) ?? [];
        old = new Set(before.map(({ pid }) => pid));
        let signals = 0;
        const reloading = await target.reloadAndHandOver(() => (signals += 1));
        expect(reloading?.handover).toEqual({ kind: 'early', newWorkers: 2 });
        expect(reloading?.before).toEqual(expect.arrayContaining([...before]));
        expect(signals).toBe(1);
      },
      { withinMs: 5000, everyMs: 500 },
    );
    await eventually(
      'two workers, all new',
      async () => {
        const workers = (await target.listWorkers())?.filter(({ isQuitting }) => !isQuitting) ?? [];
        expect(workers).toHaveLength(2);
        expect(workers.filter(({ pid }) => old.has(pid))).toEqual([]);
      },
      soon,
    );
    expect(await shellsIn(name)).toBe(1);
  }, 60_000);
});

test('nginx’s own refusal comes through', async () => {
  const name = await runNginx('lbwatch-nginx:1.26', `echo 'no_such_directive on;' >/etc/nginx/conf.d/a.conf; ${start}`);
  // It does not start with that; so it is put there when it runs.
  await eventually(
    'it has ended',
    async () => {
      expect(await stateOf(name)).toBe('exited');
    },
    soon,
  );
  const running = await runNginx('lbwatch-nginx:1.26', start);
  const target = await findWith(running, 2);
  await docker('exec', running, 'sh', '-c', "echo 'no_such_directive on;' >/etc/nginx/conf.d/a.conf");
  expect(await target.validate()).toEqual({
    accepted: false,
    message: expect.stringContaining('unknown directive "no_such_directive"'),
  });
  const before = (await target.listWorkers()) ?? [];
  await target.signalReload();
  expect(await handOver(target, before, systemClock)).toEqual({ kind: 'left' });
  expect(await target.listWorkers()).toEqual(before);
  expect(await target.reloadAndHandOver(() => undefined)).toEqual({ before, handover: { kind: 'left' } });
  expect(await target.listWorkers()).toEqual(before);
}, 60_000);

test('restarted, killed, recreated: the next pass has a shell in the new one', async () => {
  const name = await runNginx('lbwatch-nginx:1.26', start);
  const first = await findWith(name, 2);

  // The id stays.
  await docker('restart', '-t', '1', name);
  expect((await findWith(name, 2)).id).toBe(first.id);

  await docker('kill', '-s', 'KILL', name);
  await docker('start', name);
  await findWith(name, 2);

  await docker('rm', '-f', name);
  await runNginx('lbwatch-nginx:1.26', start, [], name);
  expect((await findWith(name, 2)).id).not.toBe(first.id);
  expect(await shellsIn(name)).toBe(1);
}, 90_000);

test('the container goes in the middle of a pass: the reading is done again, or said to have failed', async () => {
  const name = await runNginx('lbwatch-nginx:1.26', start);
  const target = await findWith(name, 2);
  await docker('restart', '-t', '1', name);
  // The same pass goes on with a fresh shell.
  await eventually(
    'its workers are seen',
    async () => {
      expect(await target.listWorkers()).toHaveLength(2);
    },
    soon,
  );
  await docker('kill', '-s', 'KILL', name);
  expect(await target.listWorkers()).toBeUndefined();
  await expect(target.signalReload()).rejects.toThrow(/in nginx's container/);
}, 60_000);

test('without a shell in the image: an exec for each command, as ever', async () => {
  const name = await runNginx('lbwatch-nginx:1.26', `rm /usr/bin/sh /usr/bin/dash; ${start}`);
  const target = await findWith(name, 2, false);
  expect(await target.validate()).toEqual({ accepted: true });
  expect(await target.quitWorkers([1])).toBe('refused');
  expect(await target.reloadAndHandOver(() => undefined)).toBeUndefined();
  await target.signalReload();
}, 60_000);

test('without a shell, and with a folder that nginx sees too: test and reload wait there, and go with lbwatch', async () => {
  const { directory } = journey;
  const folder = ['-v', `${directory}:${directory}:ro`];
  const name = await runNginx('lbwatch-nginx:1.26', `rm /usr/bin/sh /usr/bin/dash; ${start}`, folder);
  await targetsFor(name).keepAhead(directory);
  const target = await findWith(name, 2, false);
  const before = (await target.listWorkers()) ?? [];
  await target.prepare();
  await eventually(
    'both wait',
    async () => {
      expect(await waitingIn(name)).toEqual(['-s reload', '-t']);
    },
    soon,
  );
  expect(await target.validate()).toEqual({ accepted: true });
  await target.signalReload();
  await eventually(
    'two new workers, and both wait again',
    async () => {
      const workers = (await target.listWorkers())?.filter(({ isQuitting }) => !isQuitting) ?? [];
      expect(workers).toHaveLength(2);
      expect(workers.filter(({ pid }) => before.some((worker) => worker.pid === pid))).toEqual([]);
      expect(await waitingIn(name)).toEqual(['-s reload', '-t']);
    },
    soon,
  );
  // What waited did it: the engine was asked for no signal.
  const until = String(Date.now() / 1000);
  expect(
    await docker(
      'events',
      '--since',
      '1m',
      '--until',
      until,
      '--filter',
      `container=${name}`,
      '--filter',
      'event=kill',
    ),
  ).toBe('');
  await targets.close();
  await eventually(
    'nobody waits',
    async () => {
      expect(await waitingIn(name)).toEqual([]);
    },
    soon,
  );
}, 60_000);

test('a container without the capability to signal other users’ processes: the workers are left to their master', async () => {
  const name = await runNginx('lbwatch-nginx:1.26', start, ['--cap-drop', 'KILL']);
  const target = await findWith(name, 2);
  const before = (await target.listWorkers()) ?? [];
  expect(await target.quitWorkers(before.map(({ pid }) => pid))).toBe('refused');
  expect(await target.listWorkers()).toEqual(before);
  // The master is root's, as the shell is.
  expect((await target.reloadAndHandOver(() => undefined))?.handover).toEqual({ kind: 'refused' });
}, 60_000);

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'lbwatch ends by %s: no shell stays behind',
  async (signal) => {
    const name = await runNginx('lbwatch-nginx:1.26', start);
    await findWith(name, 2);
    await targets.close();
    const user = spawn(process.execPath, [program, name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(user.stdout, 'data');
    await eventually(
      'it has one shell',
      async () => {
        expect(await shellsIn(name)).toBe(1);
      },
      soon,
    );
    const exit = once(user, 'exit');
    user.kill(signal);
    await exit;
    await eventually(
      'no shell is left',
      async () => {
        expect(await shellsIn(name)).toBe(0);
      },
      soon,
    );
  },
  60_000,
);

async function runNginx(
  image: string,
  script: string,
  options: readonly string[] = [],
  name = `${journey.project}-nginx-${String((made += 1))}`,
): Promise<string> {
  await docker('run', '-d', '--name', name, ...options, '--entrypoint', 'bash', image, '-c', script);
  return name;
}

/**
 * The target of a pass that sees so many workers.
 *
 * @param hasShell whether it goes through a shell; a pass that meets a container as it starts does not
 */
async function findWith(name: string, workers: number, hasShell = true): Promise<Target> {
  targets = targetsFor(name);
  return eventually(
    `${name} with ${String(workers)} workers`,
    async () => {
      const [target] = (await targets.find(await engine.listContainers())).targets;
      if (target === undefined) throw new Error('it does not run');
      expect(await target.listWorkers()).toHaveLength(workers);
      expect(await target.canHandOver()).toBe(hasShell);
      return target;
    },
    soon,
  );
}

const kept = new Map<string, ContainerTargets>();

/** One for each name: what it keeps outlives the container. */
function targetsFor(name: string): ContainerTargets {
  const known = kept.get(name) ?? new ContainerTargets(() => engine, name, undefined, 9181);
  kept.set(name, known);
  return known;
}

/** What nginx waits to do there. */
async function waitingIn(name: string): Promise<readonly string[]> {
  const processes = await docker('top', name, '-eo', 'pid,args');
  return [...processes.matchAll(/ nginx (-t|-s reload) -g include /g)].map(([, words = '']) => words).sort();
}

async function shellsIn(name: string): Promise<number> {
  const processes = await docker('top', name, '-eo', 'pid,args');
  return processes.split('\n').filter((line) => / sh$/.test(line)).length;
}

async function stateOf(name: string): Promise<string> {
  return (await docker('inspect', '--format', '{{.State.Status}}', name)).trim();
}

async function docker(...words: readonly string[]): Promise<string> {
  const { ok, stdout, output } = await journey.compose.docker(...words);
  if (!ok) throw new Error(`docker ${words.join(' ')} failed:\n${output}`);
  return stdout;
}
