/** Several engines (LBWATCH_ENGINES), and what happens to one of them. The far one is this machine's loopback, with ports of its own. */
import { once } from 'node:events';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { eventually } from '../support/eventually.ts';
import { FakeDocker } from '../support/fake-docker.ts';
import type { ContainerSpec } from '../support/fake-docker.ts';
import { freePort } from '../support/free-port.ts';
import type { RunLab } from '../support/run-lab.ts';
import { useRunLab } from '../support/use-run-lab.ts';

const soon = { withinMs: 15_000, everyMs: 20 };

let lab: RunLab;
let far: FakeDocker;
let servers: Server[] = [];
let environment: Readonly<Record<string, string>>;

useRunLab((started) => {
  lab = started;
});

beforeEach(async () => {
  far = new FakeDocker(await freePort());
  await far.start();
  environment = { LBWATCH_ENGINES: `${lab.docker.host}, ${far.host}`, LBWATCH_CHECKS: 'on' };
});

afterEach(async () => {
  await far.remove();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

describe('several engines', () => {
  test('members of each serve; each is listed once, and an event costs one inspect of its own engine', async () => {
    await lab.serveApp(1);
    lab.addApp(1);
    const { id } = await addFar('far-1');
    const controller = lab.run(environment);
    await answering('app-1', 'far-1');
    await controller.logged('watching the engine', far.host);
    await controller.logged('watching the engine', lab.docker.host);

    const before = [lab.docker, far].map((engine) => [engine.count('GET /containers/json'), inspects(engine)]);
    far.tellHealth(id, 'unhealthy');
    await answering('app-1');
    const after = [lab.docker, far].map((engine) => [engine.count('GET /containers/json'), inspects(engine)]);
    expect(after).toEqual([before[0], [before[1]?.[0], (before[1]?.[1] ?? 0) + 1]]);
    expect(await lab.status('readyz')).toBe(200);
  });

  test('one is gone: its members stay while their checks answer, the others’ come and go, and all is said', async () => {
    await lab.serveApp(1);
    await lab.serveApp(2);
    lab.addApp(1);
    await addFar('far-1', { status: 'Up 5 seconds (healthy)' });
    const two = await addFar('far-2', { status: 'Up 5 seconds (healthy)' });
    const controller = lab.run(environment);
    await answering('app-1', 'far-1', 'far-2');

    await far.stop();
    await controller.logged('event stream lost', far.host);
    const note = await controller.logged('note', 'does not answer since');
    expect(note['line']).toMatch(
      new RegExp(`^engine ${far.host} does not answer since \\S+Z; its members \\(2\\) stay as they were last seen`),
    );
    lab.addApp(2);
    await answering('app-1', 'app-2', 'far-1', 'far-2');
    // Nobody tells that it has died, not even that it was healthy when it was last seen.
    two.server.close();
    two.server.closeAllConnections();
    await answering('app-1', 'app-2', 'far-1');
    expect(await lab.status('readyz')).toBe(200);
    expect(await lab.staleSince()).toBeNull();
    expect(await readStatus()).toMatchObject({
      stream: 'down',
      engines: [
        { name: lab.docker.host, state: 'up', since: null },
        { name: far.host, state: 'down', since: expect.stringMatching(/Z$/) },
      ],
    });
    expect(await readMetrics()).toMatch(
      new RegExp(
        `^lbwatch_engine_up\\{engine="${far.host}"\\} 0$[^]*^lbwatch_event_stream_up 0$|^lbwatch_event_stream_up 0$[^]*^lbwatch_engine_up\\{engine="${far.host}"\\} 0$`,
        'm',
      ),
    );
    const doctor = await lab.command(['doctor'], environment);
    expect(doctor.stdout).toMatch(
      new RegExp(`^ok +socket +Docker Engine \\S+ \\(API 1.52\\) answers at ${lab.docker.host}$`, 'm'),
    );
    expect(doctor.stdout).toMatch(new RegExp(`^failed +socket .*nobody answers at ${far.host}`, 'm'));

    far.delete(two.id);
    await far.start();
    await controller.logged('watching the engine again', far.host);
    await eventually(
      'both are up',
      async () => {
        expect(await readStatus()).toMatchObject({ stream: 'up', engines: [{ state: 'up' }, { state: 'up' }] });
      },
      soon,
    );
    await answering('app-1', 'app-2', 'far-1');
    expect(await readStatus()).toMatchObject({ notes: [] });
  });

  test('one that hangs holds up nobody', async () => {
    await lab.serveApp(1);
    await lab.serveApp(2);
    lab.addApp(1);
    const { id } = await addFar('far-1');
    lab.run(environment);
    await answering('app-1', 'far-1');
    far.delayMs = 60_000;
    far.emit('health_status: healthy', id);
    await eventually(
      'it was asked',
      () => {
        expect(inspects(far)).toBeGreaterThan(0);
      },
      soon,
    );
    // Its first look is waited for a second, the next ones not at all.
    lab.addApp(2);
    await answering('app-1', 'app-2', 'far-1');
    // Nobody has given up on it yet.
    expect(await readMetrics()).toMatch(/^lbwatch_engine_calls_total\{call="inspect",result="timeout"\} 0$/m);
    far.delayMs = 0;
  });

  test('at a start without one of them its members are remembered', async () => {
    await lab.serveApp(1);
    lab.addApp(1);
    await addFar('far-1', { labels: { 'lb.pool': 'app', secret: 'hush' }, environment: ['TOKEN=hush'] });
    const first = lab.run(environment);
    await answering('app-1', 'far-1');
    const folder = join(lab.nginx.sharedDirectory, 'seen');
    await eventually(
      'both are written down',
      () => {
        expect(readdirSync(folder)).toHaveLength(2);
      },
      soon,
    );
    const path = join(folder, `${encodeURIComponent(far.host)}.json`);
    expect(readFileSync(path, 'utf8')).not.toContain('hush');
    await first.stop();
    await far.stop();

    const second = lab.run(environment);
    const note = await second.logged('note', 'does not answer since');
    expect(note['line']).toContain('its members (1) stay as they were last seen');
    await second.logged('pool in step', 'app');
    await answering('app-1', 'far-1');
    expect((await lab.command(['explain', 'far-1'], environment)).stdout).toMatch(/\bin\b.*its port answers/);
    await second.stop();

    // Without it, or where it is damaged, the others go on.
    writeFileSync(path, '[{"id":"../../x"}]');
    const third = lab.run(environment);
    await third.logged('note', 'its content is damaged');
    await third.logged('note', 'nothing is remembered of it: its members are out until it answers');
    await answering('app-1');
    await far.start();
    await answering('app-1', 'far-1');
  });

  test('without any of them what nginx runs stays', async () => {
    await lab.serveApp(1);
    lab.addApp(1);
    const first = lab.run(environment);
    await answering('app-1');
    await first.stop();
    await Promise.all([lab.docker.stop(), far.stop()]);
    await eventually(
      'no memory',
      () => {
        for (const host of [lab.docker.host, far.host])
          writeFileSync(join(lab.nginx.sharedDirectory, 'seen', `${encodeURIComponent(host)}.json`), 'null');
      },
      soon,
    );
    const controller = lab.run(environment);
    const waiting = await controller.logged('waiting');
    expect(waiting['why']).toContain(lab.docker.host);
    expect(waiting['why']).toContain(far.host);
    expect(await (await lab.ask()).text()).toBe('app-1');
    expect(await lab.status('readyz')).toBe(503);
    await lab.docker.start();
    await eventually(
      'ready',
      async () => {
        expect(await lab.status('readyz')).toBe(200);
      },
      soon,
    );
  });

  test('two containers of one name: drained by id, and the ids are told', async () => {
    await lab.serveApp(1);
    lab.addApp(1);
    const { id } = await addFar('app-1');
    lab.run(environment);
    await eventually(
      'both are in',
      () => {
        expect(lab.nginx.generated().match(/# app-1$/gm)).toHaveLength(2);
      },
      soon,
    );
    const refused = await lab.command(['drain', 'app-1'], environment);
    expect(refused.stderr).toMatch(
      /several containers are called app-1; write the id of the one you mean: .*facadefacade on 127\.0\.0\.1/,
    );
    expect(refused.code).toBe(1);
    expect(await lab.command(['drain', id], environment)).toMatchObject({ code: 0 });
    await eventually(
      'one is in',
      () => {
        expect(lab.nginx.generated().match(/# app-1$/gm)).toHaveLength(1);
      },
      soon,
    );
  });

  test('who was drained on an engine that nothing is known of is drained still when that is back', async () => {
    await lab.serveApp(1);
    lab.addApp(1);
    const { id } = await addFar('far-1');
    const first = lab.run(environment);
    await answering('app-1', 'far-1');
    expect(await lab.command(['drain', id], environment)).toMatchObject({ code: 0 });
    await first.stop();
    await far.stop();
    rmSync(join(lab.nginx.sharedDirectory, 'seen'), { recursive: true });
    const second = lab.run(environment);
    await second.logged('note', 'nothing is remembered of it');
    // Everything is looked at, and far-1 is not to be seen.
    second.signal('SIGHUP');
    await lab.serveApp(2);
    lab.addApp(2);
    await answering('app-1', 'app-2');
    await far.start();
    await second.logged('watching the engine again', far.host);
    await eventually(
      'far-1 is known again',
      async () => {
        const { stdout } = await lab.command(['explain', 'far-1'], environment);
        expect(stdout).toMatch(/drained by hand/);
      },
      soon,
    );
    await answering('app-1', 'app-2');
  });

  test.each([
    ['tcp://host-b', 'LBWATCH_ENGINES is "tcp://host-b"; allowed: unix:///PATH/OF/docker.sock, or tcp://HOST:PORT'],
    [
      'ssh://host-b',
      'LBWATCH_ENGINES is "ssh://host-b"; allowed: unix:///PATH/OF/docker.sock or tcp://HOST:PORT, comma-separated',
    ],
    ['unix:///a.sock,unix:///b.sock', 'several sockets (unix:///a.sock, unix:///b.sock)'],
    ['tcp://a:1,tcp://a:1', 'LBWATCH_ENGINES names tcp://a:1 twice'],
    ['tcp://a:2376', 'port 2376 speaks TLS, and DOCKER_CERT_PATH is not'],
  ])('%s is refused', async (engines, why) => {
    const { code, stderr } = await lab.command(['once'], { LBWATCH_ENGINES: engines });
    expect(stderr).toContain(why);
    expect(code).toBe(2);
  });
});

/** A member on the far engine, and who answers for it under a port that its machine publishes. */
async function addFar(
  name: string,
  spec: Partial<ContainerSpec> = {},
): Promise<{ readonly id: string; readonly server: Server }> {
  const server = createServer((_, response) => response.end(name));
  servers = [...servers, server];
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const id = far.add({ name, labels: { 'lb.pool': 'app' }, ports: [8000], published: { 8000: port }, ...spec });
  return { id, server };
}

function inspects(engine: FakeDocker): number {
  return engine.calls.filter(({ what }) => /^GET \/containers\/[^/]+\/json$/.test(what)).length;
}

/** Clients of the site are answered by these, and by nobody else. */
async function answering(...names: readonly string[]): Promise<void> {
  await eventually(
    `${names.join(', ')} answer`,
    async () => {
      const asked = Array.from({ length: 6 * names.length }, async () => (await lab.ask()).text());
      expect([...new Set(await Promise.all(asked))].sort()).toEqual(names);
    },
    soon,
  );
}

async function readStatus(): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${String(lab.statusPort)}/api/status`)).json();
}

async function readMetrics(): Promise<string> {
  return (await fetch(`http://127.0.0.1:${String(lab.statusPort)}/metrics`)).text();
}
