import { once } from 'node:events';
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { addressOf } from '../support/run-lab.ts';
import type { RunLab } from '../support/run-lab.ts';
import { useRunLab } from '../support/use-run-lab.ts';

const soon = { withinMs: 10_000, everyMs: 20 };

let lab: RunLab;

useRunLab((started) => {
  lab = started;
});

describe('run', () => {
  test('containers join and leave, clients see it, and the log says who, where and why', async () => {
    await lab.serveApp(1);
    const controller = lab.run();
    await lab.inStep();
    const empty = await lab.ask();
    expect([empty.status, empty.headers.get('retry-after')]).toEqual([503, '5']);

    const one = lab.addApp(1);
    await lab.inStep(1);
    expect(await (await lab.ask()).text()).toBe('app-1');
    lab.addApp(2);
    await lab.inStep(1, 2);
    lab.docker.end(one);
    await lab.inStep(2);

    expect(await controller.logged('pool changed', '+ app-1')).toMatchObject({ pool: 'app', primaries: 1, backups: 0 });
    await controller.logged('pool changed', '- app-1');
    // Every line is one JSON object with a time and a level.
    for (const record of controller.records()) {
      expect(record).toMatchObject({ level: expect.any(Number), time: expect.any(String), msg: expect.any(String) });
    }
  });

  test('health decides: a starting one waits, an unhealthy one leaves', async () => {
    lab.run();
    lab.addApp(1);
    const two = lab.addApp(2, { status: 'Up 1 second (health: starting)' });
    await lab.inStep(1);
    lab.docker.tellHealth(two, 'healthy');
    await lab.inStep(1, 2);
    lab.docker.tellHealth(two, 'unhealthy');
    await lab.inStep(1);
  });

  test('a task of a Swarm whose engine was away at the start takes nobody out, and ends to be started anew', async () => {
    const first = lab.run();
    const one = lab.addApp(1);
    await lab.inStep(1);
    await first.stop();
    // It runs on another machine, of which this engine knows nothing.
    lab.docker.delete(one);
    const self = lab.docker.add({
      name: 'balancer',
      labels: { 'com.docker.swarm.task.id': 'qz8hk3l2m4n5w0sv8d1c6xj9e' },
    });
    await lab.docker.stop();

    const controller = lab.run({}, self.slice(0, 12));
    await controller.logged('event stream lost');
    await lab.docker.start();
    expect(await controller.ended()).toBe(1);
    await lab.inStep(1);
  });

  test('who went unheard is looked for when its checks fail, and never asked again for want of others', async () => {
    let isBroken = false;
    await lab.serveApp(1);
    await lab.serveApp(2, (_, response) => response.writeHead(isBroken ? 500 : 200).end());
    lab.run({ LBWATCH_CHECKS: 'on', LBWATCH_RESYNC: '1h' });
    const one = lab.addApp(1);
    const two = lab.addApp(2, { labels: { 'lb.pool': 'app', 'lb.check': 'http:/', 'lb.check.interval': '100ms' } });
    await lab.inStep(1, 2);
    // After this one no look at everything is due any more.
    await lab.serveApp(3);
    const three = lab.addApp(3);
    await lab.inStep(1, 2, 3);
    lab.docker.dropsEvents = true;
    lab.docker.delete(two);
    lab.docker.dropsEvents = false;
    // Its address has been given to somebody who is no member.
    isBroken = true;
    await lab.inStep(1, 3);
    for (const id of [one, three]) lab.docker.end(id);
    await lab.inStep();
  });

  test('who accepts connections and says nothing any more leaves when requests pile up, and is back when it answers', async () => {
    let isHung = false;
    const held: ServerResponse[] = [];
    const methods = new Set<string | undefined>();
    await lab.serveApp(1);
    await lab.serveApp(2, ({ method }, response) => {
      methods.add(method);
      if (isHung) held.push(response);
      else response.end('app-2');
    });
    lab.run({ LBWATCH_CHECKS: 'on' });
    lab.addApp(1);
    lab.addApp(2);
    await lab.inStep(1, 2);
    await eventually(
      'it has been asked whether it answers requests',
      () => {
        expect(methods).toContain('OPTIONS');
      },
      soon,
    );
    isHung = true;
    const requests = Array.from({ length: 12 }, () => lab.ask());
    await lab.inStep(1);
    isHung = false;
    for (const response of held.splice(0)) response.end('app-2');
    await lab.inStep(1, 2);
    expect((await Promise.all(requests)).map(({ status }) => status)).toEqual(requests.map(() => 200));
  });

  test('SIGHUP finds what no event told', async () => {
    const controller = lab.run();
    await controller.logged('watching the engine');
    await lab.inStep();
    lab.docker.dropsEvents = true;
    lab.addApp(1);
    controller.signal('SIGHUP');
    await lab.inStep(1);
  });

  test('the resync finds it too', async () => {
    lab.run({ LBWATCH_RESYNC: '300ms' });
    await lab.inStep();
    lab.docker.dropsEvents = true;
    lab.addApp(1);
    await lab.inStep(1);
  });

  test('SIGTERM ends it within a second while nginx serves on; a restart does not reload', async () => {
    lab.addApp(1);
    const first = lab.run();
    await lab.inStep(1);
    await first.logged('watching the engine');
    const { code, tookMs } = await first.stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(1000);
    await first.logged('lbwatch stopped; nginx goes on serving');
    await lab.inStep(1);

    const workers = lab.nginx.workers();
    const second = lab.run();
    expect(await second.logged('pool in step')).toMatchObject({ pool: 'app', primaries: 1 });
    expect(second.said('pool changed')).toEqual([]);
    expect(lab.nginx.workers()).toEqual(workers);
  });

  test('SIGTERM in the middle of a pass is no other end', async () => {
    const { directory, command } = lab.nginx;
    const begun = join(directory, 'test-has-begun');
    const slow = join(directory, 'slow-nginx');
    writeFileSync(slow, `#!/bin/sh\ncase "$*" in *-t) touch ${begun}; sleep 0.3;; esac\nexec ${command} "$@"\n`);
    chmodSync(slow, 0o755);
    const controller = lab.run({ LBWATCH_NGINX_COMMAND: slow });
    await eventually(
      'nginx is being tested',
      () => {
        statSync(begun);
      },
      soon,
    );
    const { code, tookMs } = await controller.stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(1000);
    expect(controller.said('lbwatch stopped; nginx goes on serving')).toHaveLength(1);
    lab.run();
    await lab.inStep();
  });

  test('what happened while no controller ran is made up for', async () => {
    const one = lab.addApp(1);
    const first = lab.run();
    await lab.inStep(1);
    await first.stop();
    lab.docker.end(one);
    lab.addApp(2);
    lab.run();
    await lab.inStep(2);
  });

  test('a valid edit of the site is reloaded', async () => {
    lab.addApp(1);
    const controller = lab.run();
    await lab.inStep(1);
    const workers = lab.nginx.workers();
    const port = await freePort();
    const site = readFileSync(lab.nginx.sitePath, 'utf8');
    writeFileSync(lab.nginx.sitePath, `${site}server { listen 127.0.0.1:${String(port)}; return 200 "new"; }\n`);
    await eventually(
      'the new server answers',
      async () => {
        expect(await (await fetch(`http://127.0.0.1:${String(port)}/`)).text()).toBe('new');
      },
      soon,
    );
    await controller.logged('configuration reloaded');
    await lab.inStep(1);
    expect(lab.nginx.workers()).not.toEqual(workers);
  });

  test("an invalid one is told once in nginx's own words, and nginx runs on; put right, it is loaded", async () => {
    lab.addApp(1);
    const controller = lab.run();
    await lab.inStep(1);
    const workers = lab.nginx.workers();
    const site = readFileSync(lab.nginx.sitePath, 'utf8');
    writeFileSync(lab.nginx.sitePath, `${site}no_such_directive on;\n`);
    const refusal = 'nginx refuses the configuration; the running one stays';
    expect(await controller.logged(refusal)).toMatchObject({
      why: `nginx: unknown directive "no_such_directive" in ${lab.nginx.sitePath}:2`,
    });
    await lab.inStep(1);
    expect(lab.nginx.workers()).toEqual(workers);

    writeFileSync(lab.nginx.sitePath, `${site}# fine\n`);
    await controller.logged('in step');
    await lab.inStep(1);
    expect(controller.said(refusal)).toHaveLength(1);
  });

  test.each([
    [
      'deleted',
      (path: string) => {
        rmSync(path);
      },
    ],
    [
      'edited',
      (path: string) => {
        writeFileSync(path, 'upstream app { server 192.0.2.1; }\n');
      },
    ],
  ] as const)('the generated file, %s by somebody, is put back without a reload', async (_, harm) => {
    lab.addApp(1);
    const controller = lab.run();
    await lab.inStep(1);
    const text = lab.nginx.generated();
    const workers = lab.nginx.workers();
    harm(lab.nginx.generatedPath);
    await controller.logged('generated file put back; nginx runs it already');
    await lab.inStep(1);
    expect(lab.nginx.generated()).toBe(text);
    expect(lab.nginx.workers()).toEqual(workers);
  });

  test('a bad label gets one line, not one a pass, and takes nobody else along', async () => {
    const controller = lab.run();
    lab.addApp(1);
    lab.addApp(2, { labels: { 'lb.pool': 'app', 'lb.weight': '3; evil on' } });
    const problem = await controller.logged('problem', 'app-2');
    expect(problem).toMatchObject({ container: 'app-2', label: 'lb.weight' });
    for (const number of [3, 4, 5]) {
      lab.addApp(number);
      await controller.logged('pool changed', `app-${String(number)}`);
    }
    expect(controller.said('problem')).toHaveLength(1);
    expect(lab.nginx.generated()).not.toContain('evil');
  });

  test('the engine restarts: addresses that changed meanwhile are found', async () => {
    const one = lab.addApp(1);
    const controller = lab.run();
    await lab.inStep(1);
    await controller.logged('watching the engine');
    await lab.docker.stop();
    await controller.logged('event stream lost');
    // nginx keeps what it has while nobody knows better.
    await lab.inStep(1);
    lab.docker.change(one, { address: addressOf(9) });
    await lab.docker.start();
    await lab.inStep(9);
    await controller.logged('watching the engine again');
  });

  test('the engine is away for long: asked every second, said since when, and the truth is back with it', async () => {
    const one = lab.addApp(1);
    const controller = lab.run({ LBWATCH_LOG_LEVEL: 'debug' });
    const watching = await controller.logged('watching the engine');
    await lab.inStep(1);
    await eventually(
      'all is fresh',
      async () => {
        expect(await lab.staleSince()).toBeNull();
      },
      soon,
    );
    await lab.docker.stop();
    const cut = await controller.logged('event stream lost');
    // Passes that are due meanwhile fail, too.
    controller.signal('SIGHUP');
    await controller.logged('waiting');
    await eventually(
      'the pauses have grown',
      () => {
        const pauses = controller.said('event stream lost').map(({ retryMs }) => retryMs);
        expect(pauses.slice(-3)).toEqual([1000, 1000, 1000]);
      },
      soon,
    );
    const since = await lab.staleSince();
    expect(controller.said('waiting').at(-1)?.['staleSince']).toBe(since);
    // Since the engine was last heard of: not before the stream was up, and not after it was lost, to a rounded millisecond.
    const [upMs = 0, sinceMs = 0, cutMs = 0] = [watching['time'], since, cut['time']].map((at) =>
      Date.parse(String(at)),
    );
    expect(sinceMs).toBeGreaterThanOrEqual(upMs - 1);
    expect(sinceMs).toBeLessThanOrEqual(cutMs + 1);
    lab.docker.change(one, { address: addressOf(9) });
    const beginMs = performance.now();
    await lab.docker.start();
    await lab.inStep(9);
    process.stderr.write(`truth ${String(Math.round(performance.now() - beginMs))} ms after the engine came back\n`);
    // Never a longer pause than a second, of the stream and of the passes.
    expect(Math.max(...controller.said('event stream lost').map(({ retryMs }) => Number(retryMs)))).toBe(1000);
    await controller.logged('watching the engine again');
    await controller.logged('in step');
    await eventually(
      'it is fresh',
      async () => {
        expect(await lab.staleSince()).toBeNull();
      },
      soon,
    );
  });

  test('the engine is away: who does not answer checks leaves, and who answers again is back; stale it is all the same', async () => {
    const labels = { 'lb.pool': 'app', 'lb.check': 'tcp', 'lb.check.interval': '100ms' };
    for (const number of [1, 2]) {
      lab.addApp(number, { labels });
      await lab.serveApp(number);
    }
    const controller = lab.run({ LBWATCH_CHECKS: 'on' });
    await lab.inStep(1, 2);
    await controller.logged('watching the engine');
    await lab.docker.stop();
    await controller.logged('event stream lost');
    // The next pass looks at everybody, and fails.
    controller.signal('SIGHUP');
    await controller.logged('waiting');
    lab.endApp(2);
    await lab.inStep(1);
    await lab.serveApp(2);
    await lab.inStep(1, 2);
    expect(controller.said('in step')).toEqual([]);
    expect(await lab.staleSince()).not.toBeNull();
    await lab.docker.start();
    await controller.logged('in step');
    await lab.inStep(1, 2);
  });

  test('nginx goes and comes back: said, and in step without a hand', async () => {
    lab.addApp(1);
    const controller = lab.run();
    await lab.inStep(1);
    await lab.nginx.stop();
    lab.addApp(2);
    await controller.logged('waiting', 'the file is ready for it');
    await lab.nginx.start();
    await lab.inStep(1, 2);
    await controller.logged('in step');
  });

  test('/healthz and /readyz tell how it is', async () => {
    await lab.docker.stop();
    const controller = lab.run();
    await controller.logged('waiting', 'there is no Docker socket');
    expect([await lab.status('healthz'), await lab.status('readyz')]).toEqual([503, 503]);
    const sick = await lab.command(['health']);
    expect(sick.code).toBe(1);
    expect(JSON.parse(sick.stdout)).toEqual({
      healthy: false,
      outcome: 'unavailable',
      staleSince: expect.stringMatching(/^\d{4}-.*Z$/),
    });

    await lab.docker.start();
    await eventually(
      'it is ready',
      async () => {
        expect(await lab.status('readyz')).toBe(200);
      },
      soon,
    );
    expect(await lab.status('healthz')).toBe(200);
    expect(await lab.staleSince()).toBeNull();
    expect((await lab.command(['health'])).code).toBe(0);

    // Without nginx it can do its work and has not done it.
    await lab.nginx.stop();
    controller.signal('SIGHUP');
    await eventually(
      'it is not ready',
      async () => {
        expect(await lab.status('readyz')).toBe(503);
      },
      soon,
    );
    expect(await lab.status('healthz')).toBe(200);
    expect(Date.parse(String(await lab.staleSince()))).toBeLessThanOrEqual(Date.now());
    await controller.stop();
    const silent = await lab.command(['health']);
    expect(silent.code).toBe(1);
    expect(silent.stderr).toMatch(/^no controller answers at /);
  });

  test('lines for people, by default', async () => {
    lab.addApp(1);
    const controller = lab.run({ LBWATCH_LOG_FORMAT: '' });
    await lab.inStep(1);
    await eventually(
      'it is said',
      () => {
        expect(controller.lines.join('\n')).toMatch(/INFO.*pool changed: app \+ app-1 127\.0\.1\.1:8000 \(running\)/);
      },
      soon,
    );
  });
});

describe('what cannot work ends at once, with one line', () => {
  test.each([
    [{ LBWATCH_RESYNC: 'often' }, 2, /^lbwatch: LBWATCH_RESYNC is "often"; allowed: a duration .*\n$/],
    [{ LBWATCH_RESINK: '5s' }, 2, /^lbwatch: LBWATCH_RESINK is no setting; .*\n$/],
    [{ LBWATCH_SCOPE: 'a;b' }, 2, /^lbwatch: LBWATCH_SCOPE is "a;b"; allowed: .*\n$/],
    [{ DOCKER_HOST: 'tcp://' }, 2, /^lbwatch: DOCKER_HOST is "tcp:\/\/"; allowed: .*\n$/],
    [
      { DOCKER_HOST: 'ssh://me@far' },
      2,
      /^lbwatch: DOCKER_HOST is "ssh:\/\/me@far"; lbwatch does not speak ssh: .*\n$/,
    ],
    [
      { DOCKER_HOST: 'tcp://127.0.0.1:2376', DOCKER_CERT_PATH: '/nowhere' },
      2,
      /^lbwatch: cannot read \/nowhere\/ca\.pem as user \d+ \(DOCKER_CERT_PATH\): ENOENT.*\n$/,
    ],
  ])('%j', async (environment, code, said) => {
    const ended = await lab.command(['run'], environment);
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(said) });
  });

  test('a flag', async () => {
    expect(await lab.command(['run', '--quiet', '-1s'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^lbwatch: --quiet is "-1s"; allowed: .*\n$/),
    });
  });

  test('the port of the status server is taken', async () => {
    const port = await freePort();
    const taker = createTcpServer().listen(port, '127.0.0.1');
    await once(taker, 'listening');
    const ended = await lab.command(['run'], { LBWATCH_STATUS: `127.0.0.1:${String(port)}` });
    taker.close();
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(
      /^lbwatch: cannot answer on 127\.0\.0\.1:\d+: .*; set LBWATCH_STATUS to a free port\n$/,
    );
  });
});

describe('two on one directory', () => {
  test('the second refuses to start, and says who keeps it; killed, the first is no obstacle', async () => {
    lab.addApp(1);
    const first = lab.run();
    await lab.inStep(1);
    const elsewhere = { LBWATCH_STATUS: `127.0.0.1:${String(await freePort())}` };
    for (const command of ['run', 'once']) {
      expect(await lab.command([command], elsewhere)).toEqual({
        code: 6,
        stdout: '',
        stderr: expect.stringMatching(
          /^lbwatch: another lbwatch keeps \/.*: (?:process \d+ on|container) .*, since \d{4}-.*Z; .*: stop that one, or .*\n$/,
        ),
      });
    }
    // Who only looks is free to.
    for (const command of ['render', 'explain']) expect(await lab.command([command])).toMatchObject({ code: 0 });
    expect((await lab.command(['doctor'])).stdout).toMatch(/is writable .*; kept by (?:process|container) /);
    await lab.inStep(1);

    await first.kill();
    expect((await lab.command(['doctor'])).stdout).toMatch(/; no lbwatch keeps it at present/);
    const beginMs = performance.now();
    const next = lab.run();
    await next.logged('lbwatch started');
    process.stderr.write(
      `started ${String(Math.round(performance.now() - beginMs))} ms after kill -9 of the one before\n`,
    );
    expect(next.said('another lbwatch would not be kept out of the directory for now')).toEqual([]);
    await lab.inStep(1);
  });
});

describe('once', () => {
  test('0 where nginx is in step, with or without having to do something', async () => {
    lab.addApp(1);
    expect(await lab.command(['once'])).toMatchObject({ code: 0, stdout: 'applied\napp: primaries 1, backups 0\n' });
    const workers = lab.nginx.workers();
    expect(await lab.command(['once'])).toMatchObject({ code: 0, stdout: 'unchanged\napp: primaries 1, backups 0\n' });
    expect(lab.nginx.workers()).toEqual(workers);
    await lab.inStep(1);
  });

  test('3 where nginx refuses the configuration, also as JSON', async () => {
    writeFileSync(lab.nginx.sitePath, 'no_such_directive on;\n');
    expect(await lab.command(['once'])).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/^rejected: .*unknown/),
    });
    const { code, stdout } = await lab.command(['once', '--json']);
    const parsed: unknown = JSON.parse(stdout);
    expect(code).toBe(3);
    expect(parsed).toMatchObject({ outcome: { kind: 'rejected' }, problems: [] });
  });

  test('4 where a reload failed', async () => {
    lab.addApp(1);
    await lab.command(['once']);
    const port = await freePort();
    const taker = createTcpServer().listen(port, '127.0.0.1');
    await once(taker, 'listening');
    const site = readFileSync(lab.nginx.sitePath, 'utf8');
    writeFileSync(lab.nginx.sitePath, `${site}server { listen 127.0.0.1:${String(port)}; }\n`);
    expect(await lab.command(['once'])).toMatchObject({ code: 4, stdout: expect.stringMatching(/^rolledBack: /) });
    taker.close();
  });

  test('5 where nginx or the engine is away', async () => {
    await lab.nginx.stop();
    expect(await lab.command(['once'])).toMatchObject({
      code: 5,
      stdout: expect.stringMatching(/^unavailable: no nginx runs here .*; the file is ready for it\n/),
    });
    await lab.docker.stop();
    expect(await lab.command(['once'])).toMatchObject({
      code: 5,
      stdout: expect.stringMatching(/^unavailable: cannot list containers: there is no Docker socket/),
    });
  });
});

describe('looking without touching', () => {
  test('render: what would be written; --diff: the difference, and 1 where there is one', async () => {
    lab.addApp(1);
    const before = lab.nginx.generated();
    const rendered = await lab.command(['render']);
    expect(rendered.code).toBe(0);
    const difference = await lab.command(['render', '--diff']);
    expect(difference.code).toBe(1);
    expect(difference.stdout).toContain(`--- ${lab.nginx.generatedPath}`);
    expect(difference.stdout).toContain('-upstream app { server 127.0.0.1:1; }');
    expect(difference.stdout).toMatch(/\+ +server 127\.0\.1\.1:8000;/);
    expect(lab.nginx.generated()).toBe(before);

    await lab.command(['once']);
    expect(lab.nginx.generated()).toBe(rendered.stdout);
    expect(await lab.command(['render', '--diff'])).toMatchObject({ code: 0, stdout: '' });
  });

  test('explain: each container, and why', async () => {
    lab.addApp(1);
    lab.addApp(2, { status: 'Up 1 second (health: starting)' });
    lab.docker.add({ name: 'database' });
    const { code, stdout } = await lab.command(['explain', '--json']);
    const rows: unknown = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(rows).toEqual([
      { container: 'app-1', pool: 'app', role: 'primary', state: 'in', address: '127.0.1.1:8000', reason: 'running' },
      expect.objectContaining({ container: 'app-2', pool: 'app', state: 'waiting' }),
      expect.objectContaining({ container: 'database', pool: null, state: 'out' }),
    ]);
    const table = await lab.command(['explain', 'app-2']);
    expect(table.stdout).toMatch(/^CONTAINER +POOL .*\napp-2 +app +primary +waiting /);
    expect(await lab.command(['explain', 'nobody'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^no container is called nobody/),
    });
  });

  test('doctor: all well; without nginx and without an engine it says what to do', async () => {
    lab.addApp(1);
    await lab.command(['once']);
    const well = await lab.command(['doctor']);
    expect(well).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok +socket +Docker Engine 29\.0\.0/) });
    expect(well.stdout).toMatch(/^ok +nginx .*runs what the labels ask for/m);

    await lab.nginx.stop();
    const withoutNginx = await lab.command(['doctor']);
    expect(withoutNginx.code).toBe(1);
    expect(withoutNginx.stdout).toMatch(/^failed +nginx +no nginx runs here/m);

    await lab.docker.stop();
    const { code, stdout } = await lab.command(['doctor', '--json']);
    const findings: unknown = JSON.parse(stdout);
    expect(code).toBe(1);
    expect(findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ check: 'socket', state: 'failed', detail: expect.stringContaining('mount it') }),
      ]),
    );
  });
});
