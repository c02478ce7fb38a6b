/** Each way to run lbwatch: what it may do, that it does its work with that, and what it lives through. */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { Compose } from '../../support/compose.ts';
import { eventually } from '../../support/eventually.ts';
import { followExample } from '../../support/followed-example.ts';
import type { FollowedExample } from '../../support/followed-example.ts';
import { prepareJourney } from '../../support/journey.ts';
import type { Journey } from '../../support/journey.ts';
import { crash, readControllerStatus } from '../../support/processes.ts';
import { distinctMembers, failures, whoAnswers } from '../../support/who-answers.ts';
import { readAsked, readCalls, readRules, renderRules } from './calls.ts';
import { useImage } from './use-image.ts';

const none = '0000000000000000';
/** CAP_KILL is bit 5 (capabilities(7)). */
const kill = '0000000000000020';

const ways = [
  {
    mode: 'shipped',
    prepare: () => prepareJourney('shipped'),
    app: 'flaskservice',
    /** Members that are always there. */
    others: 1,
    controller: 'lbwatch',
    capabilities: none,
    memory: 256 * 1024 * 1024,
    followsRecreation: true,
  },
  {
    mode: 'socket-proxy',
    prepare: () => followExample('socket-proxy'),
    app: 'app',
    others: 0,
    controller: 'lbwatch',
    capabilities: kill,
    memory: 256 * 1024 * 1024,
    followsRecreation: false,
  },
  {
    mode: 'one-container',
    prepare: () => followExample('one-container'),
    app: 'app',
    others: 0,
    controller: 'nginx',
    capabilities: none,
    memory: 0,
    followsRecreation: true,
  },
] as const;

describe.each(ways)('$mode', ({ mode, prepare, app, others, controller, capabilities, memory, followsRecreation }) => {
  let journey: Journey | FollowedExample;
  let compose: Compose;
  let replicas = 2;

  beforeAll(async () => {
    journey = await prepare();
    await useImage(journey);
    compose = journey.compose;
    if ('page' in journey) await journey.page.follow('docker compose up -d --scale app=2');
    else await compose.run('up', '-d', '--no-build', '--scale', `${app}=2`);
    await awaitServed();
  }, 240_000);
  afterAll(async () => {
    await journey.end();
  }, 60_000);

  test('user 10001, no capability but what it needs, no way to get one, nothing to write to', async () => {
    const status = await readControllerStatus(compose, controller);
    expect(Object.fromEntries(status)).toMatchObject({
      Uid: '10001\t10001\t10001\t10001',
      Gid: '10001\t10001\t10001\t10001',
      CapInh: capabilities,
      CapPrm: capabilities,
      CapEff: capabilities,
      CapAmb: capabilities,
      NoNewPrivs: '1',
      Seccomp: '2',
    });
    const written = await compose.try('exec', '-T', '-u', '0', controller, 'sh', '-c', 'echo x > /opt/x');
    expect(written.ok).toBe(false);
    expect(written.output).toContain('Read-only file system');
    const [container] = await compose.running(controller);
    const { stdout } = await compose.docker('inspect', '--format', '{{.HostConfig.Memory}}', container?.id ?? '');
    expect(Number(stdout)).toBe(memory);
  }, 30_000);

  if (mode !== 'shipped') {
    test('what the README of the example says is to be seen', async () => {
      if (!('page' in journey)) throw new Error('this is no example');
      await journey.page.see('docker compose exec');
      for (const command of journey.page.left) expect(await journey.page.follow(command)).toContain('GET');
    }, 60_000);
  }

  test('members join and leave; old workers are handed over early, as far as lbwatch may signal them', async () => {
    await scale(3);
    await scale(1);
    await scale(2);
    // Counts nginx's connections, wherever they are to be seen.
    const [first] = await compose.running(app);
    const drained = await compose.exec(controller, 'lbwatch', 'drain', first?.name ?? '', '--wait');
    expect(drained).toContain('is drained; nginx has no connection to it');
    await compose.exec(controller, 'lbwatch', 'undrain', first?.name ?? '');
    await awaitServed();
    const said = await compose.exec(controller, 'lbwatch', 'doctor');
    expect(said).toMatch(/^ok +nginx .* runs what the labels ask for/m);
    expect((await compose.logs(controller)).join('\n')).not.toMatch(/early handover/);
    expect(said).not.toMatch(/early handover/);
  }, 240_000);

  test('a site that nginx refuses: nginx goes on, and the generated file is one that it accepts', async () => {
    const path = join(journey.directory, 'nginx/conf.d/flaskapp.conf');
    const original = await readFile(path, 'utf8');
    const before = await generated();
    await appendFile(path, '\nlisten_to_this on;\n');
    const words = mode === 'socket-proxy' ? /went on with its old configuration/ : /unknown directive "listen_to_this"/;
    await eventually(
      'the refusal in the log',
      async () => {
        expect((await compose.logs(controller)).join('\n')).toMatch(words);
        expect(await generated()).toBe(before);
      },
      { withinMs: 60_000 },
    );
    await expectServed();
    await writeFile(path, original);
    await scale(3);
    expect(await compose.exec('nginx', 'sh', '-c', 'nginx -t 2>&1')).toContain('test is successful');
  }, 240_000);

  test('nginx crashes: both are back and work', async () => {
    await crash(compose, 'nginx', /nginx: master/);
    await awaitServed();
    await scale(2);
  }, 240_000);

  test('nginx is restarted: both are back and work', async () => {
    await compose.run('restart', '-t', '5', 'nginx');
    await awaitServed();
    await scale(3);
  }, 240_000);

  test(`nginx is recreated alone: ${followsRecreation ? 'followed' : 'it serves what was there last, and the next up -d brings lbwatch back'}`, async () => {
    await compose.run('up', '-d', '--no-build', '--no-deps', '--force-recreate', 'nginx');
    await awaitServed();
    if (!followsRecreation) {
      expect(await compose.running(controller)).toEqual([]);
      await compose.run('up', '-d', '--no-build', '--scale', `${app}=${String(replicas)}`);
    }
    await scale(2);
  }, 240_000);

  test('lbwatch crashes: nginx goes on, lbwatch is back', async () => {
    const workers = await mastersAge();
    await crash(compose, controller, /lbwatch run/);
    await expectServed();
    await scale(2);
    expect(await mastersAge()).toBe(workers);
  }, 240_000);

  if (mode !== 'shipped') {
    test('the proxy allows what SECURITY.md lists; all of it was used, nothing else was asked for', async () => {
      const calls = await readCalls(mode);
      const configuration = await readFile(join(journey.directory, 'examples/socket-proxy/haproxy.cfg'), 'utf8');
      expect(readRules(configuration)).toEqual(renderRules(calls));
      // It is on a network that the apps are not on.
      const ask = "import urllib.request; urllib.request.urlopen('http://socket-proxy:2375/version', timeout=5)";
      const asked = await compose.try('exec', '-T', app, 'python3', '-c', ask);
      expect([asked.ok, asked.output]).toEqual([false, expect.stringMatching(/gaierror|Errno -\d/)]);
      const { passed, refused } = readAsked(await compose.logs('socket-proxy'));
      expect(refused).toEqual([]);
      expect([...passed].sort()).toEqual([...calls].sort());
    }, 30_000);
  }

  test('the whole project is recreated', async () => {
    await compose.run('up', '-d', '-t', '2', '--no-build', '--force-recreate', '--scale', `${app}=${String(replicas)}`);
    await awaitServed();
    await scale(3);
  }, 240_000);

  async function scale(count: number): Promise<void> {
    replicas = count;
    await compose.run('up', '-d', '--no-build', '--no-deps', '--scale', `${app}=${String(count)}`, app);
    await awaitServed();
  }

  async function expectServed(): Promise<void> {
    const members = replicas + others;
    const answers = await whoAnswers(journey.port, 12 * members);
    expect(failures(answers)).toEqual([]);
    expect(distinctMembers(answers)).toHaveLength(members);
  }

  async function awaitServed(): Promise<void> {
    await eventually(`${String(replicas + others)} members answering`, expectServed, { withinMs: 60_000 });
  }

  function generated(): Promise<string> {
    return compose.exec('nginx', 'cat', '/etc/nginx/lbwatch/upstreams.conf');
  }

  /** Since when nginx's master runs, by the kernel's clock. */
  function mastersAge(): Promise<string> {
    return compose.exec('nginx', 'sh', '-c', 'cut -d" " -f22 /proc/$(cat /run/nginx.pid)/stat');
  }
});
