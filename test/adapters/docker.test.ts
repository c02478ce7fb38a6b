import { spawnSync } from 'node:child_process';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';

import Docker from 'dockerode';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { DockerEngine } from '../../src/adapters/docker.ts';
import { readDockerHost } from '../../src/adapters/docker-host.ts';
import { toContainer, toEngineEvent, toPortVariable, toProcesses, toStartedAt } from '../../src/adapters/docker-map.ts';
import { NoShell } from '../../src/adapters/exec.ts';
import { Machine } from '../../src/adapters/machine.ts';
import { Inventory } from '../../src/loop/inventory.ts';
import { AppError } from '../../src/loop/ports.ts';
import { engineFor } from '../support/engine-for.ts';
import { eventually } from '../support/eventually.ts';
import { FakeDocker } from '../support/fake-docker.ts';
import { freePort } from '../support/free-port.ts';
import '../support/native-errors.ts';

const pooled = { 'lb.pool': 'app' };

let docker: FakeDocker;
beforeEach(async () => {
  docker = new FakeDocker();
  await docker.start();
});
afterEach(() => docker.remove());

test('containers come with what decides about them, running or not', async () => {
  docker.add({ name: 'app-1', labels: pooled, address: '172.20.0.5', network: 'shop_default', ports: [8000] });
  docker.end(docker.add({ name: 'app-2' }));
  const containers = await engineFor(docker.host).listContainers();
  expect(containers[0]).toEqual({
    id: expect.stringMatching(/^[0-9a-z]{64}$/),
    name: 'app-1',
    createdAt: 1_700_000_000,
    state: 'running',
    health: 'none',
    labels: pooled,
    attachments: [{ network: 'shop_default', address: '172.20.0.5' }],
    exposedPorts: [{ port: 8000, protocol: 'tcp' }],
    portVariable: undefined,
  });
  expect(containers[1]).toMatchObject({ name: 'app-2', state: 'exited', attachments: [{ address: undefined }] });
});

test('of another machine a container comes with its address and the ports that it passes on, listed or asked for', async () => {
  const far = new FakeDocker(await freePort());
  await far.start();
  try {
    const id = far.add({ name: 'app-1', labels: pooled, ports: [8000, 9000], published: { 8000: 32768 } });
    const host = readDockerHost({ DOCKER_HOST: far.host });
    const machine = new Machine('host-b', () => Promise.resolve(['192.0.2.7']));
    const engine = new DockerEngine(host, undefined, machine);
    const [listed] = await engine.listContainers();
    expect(listed).toMatchObject({
      node: 'host-b',
      published: {
        address: '192.0.2.7',
        ports: [{ port: 8000, protocol: 'tcp', hostPort: 32768, hostAddress: '0.0.0.0' }],
      },
      exposedPorts: [{ port: 8000 }, { port: 9000 }],
    });
    expect((await engine.inspectContainers([id]))[0]?.published).toEqual(listed?.published);
    const nowhere = new Machine('host-c', () => Promise.reject(Object.assign(new Error('?'), { code: 'ENOTFOUND' })));
    await expect(new DockerEngine(host, undefined, nowhere).listContainers()).rejects.toThrow(/has no address/);
  } finally {
    await far.remove();
  }
});

test('what an event names is asked for by itself, and is the same as the list says', async () => {
  const labels = { ...pooled, 'lb.weight': '2' };
  const ids = [
    docker.add({ name: 'a', labels, address: '172.20.0.5', network: 'shop_default', ports: [8000] }),
    docker.add({
      name: 'b',
      labels,
      status: 'Up 5 seconds (unhealthy)',
      ports: [8000, 9000],
      environment: ['PORT=9000'],
    }),
    docker.add({ name: 'c', state: 'exited', status: 'Exited (0) 1 second ago' }),
    docker.add({ name: 'd', status: 'Up 1 second (health: starting)' }),
  ];
  const engine = engineFor(docker.host);
  const listed = await engine.listContainers();
  expect(await engine.inspectContainers(ids)).toEqual(listed);
  docker.calls.length = 0;
  expect(await engine.inspectContainers([ids[0] ?? '', 'f'.repeat(64)])).toEqual([listed[0]]);
  expect(docker.calls.map(({ what }) => what)).toEqual([
    `GET /containers/${ids[0] ?? ''}/json`,
    `GET /containers/${'f'.repeat(64)}/json`,
  ]);
});

test('when a container was started last', async () => {
  const id = docker.add({ name: 'app' });
  const engine = engineFor(docker.host);
  const first = await engine.readStartedAt(id);
  expect(Math.abs(Date.now() - (first ?? 0))).toBeLessThan(10_000);
  docker.end(id);
  await eventually(
    'it was started later',
    async () => {
      docker.startAgain(id, '10.0.0.2');
      expect(await engine.readStartedAt(id)).toBeGreaterThan(first ?? 0);
    },
    { withinMs: 5000, everyMs: 5 },
  );
  docker.delete(id);
  expect(await engine.readStartedAt(id)).toBeUndefined();
});

test('no API version is pinned', async () => {
  await engineFor(docker.host).listContainers();
  expect(docker.calls.map(({ what }) => what)).toEqual(['GET /containers/json']);
});

test.each([
  ['Up 5 seconds', 'none'],
  ['Up 5 seconds (healthy)', 'healthy'],
  ['Up 5 seconds (unhealthy)', 'unhealthy'],
  ['Up 5 seconds (health: starting)', 'starting'],
  ['Up 5 seconds (starting)', 'starting'],
  ['Up About a minute (Paused)', 'none'],
  ['Exited (137) 2 minutes ago', 'none'],
  ['', 'none'],
])('health of "%s" is %s', async (status, health) => {
  docker.add({ name: 'a', status });
  expect((await engineFor(docker.host).listContainers())[0]?.health).toBe(health);
});

describe('calls', () => {
  test.each([10, 1000])('one for an event among %d containers', async (count) => {
    const ids = Array.from({ length: count }, (_, index) =>
      docker.add({ name: `app-${String(index)}`, labels: pooled, ports: [8000] }),
    );
    const inventory = new Inventory(engineFor(docker.host));
    expect(await inventory.refresh('all')).toHaveLength(count);
    // Which engine it is, is asked once.
    await inventory.refresh('all');
    expect(docker.calls.map(({ what }) => what)).toEqual([
      'GET /containers/json',
      'GET /version',
      'GET /containers/json',
    ]);

    docker.end(ids[3] ?? '');
    const containers = await inventory.refresh(new Set([ids[3] ?? '']));
    expect(docker.calls).toHaveLength(4);
    expect(containers).toHaveLength(count);
    expect(containers.find(({ id }) => id === ids[3])?.state).toBe('exited');

    // And one for each of a batch; none where no container is named.
    await inventory.refresh(new Set(ids.slice(0, 5)));
    await inventory.refresh(new Set());
    expect(docker.calls).toHaveLength(3 + 1 + 5);
  });

  test('a container that is gone is gone from the inventory too', async () => {
    const ids = [docker.add({ name: 'a' }), docker.add({ name: 'b' })];
    const inventory = new Inventory(engineFor(docker.host));
    await inventory.refresh('all');
    docker.delete(ids[0] ?? '');
    expect((await inventory.refresh(new Set(ids))).map(({ name }) => name)).toEqual(['b']);
  });

  test('a failure leaves the inventory as it was', async () => {
    const id = docker.add({ name: 'a' });
    const inventory = new Inventory(engineFor(docker.host));
    await inventory.refresh('all');
    docker.failures.set('*', { status: 500, message: 'no' });
    await expect(inventory.refresh(new Set([id]))).rejects.toThrow(AppError);
    await expect(inventory.refresh('all')).rejects.toThrow(AppError);
    docker.failures.clear();
    expect(inventory.known).toHaveLength(1);
    expect(await inventory.refresh('all')).toHaveLength(1);
  });

  test('the environment is asked for once, where only it tells the port, and nothing else of it is kept', async () => {
    const secret = 'DATABASE_PASSWORD=hunter2';
    docker.add({ name: 'two-ports', labels: pooled, ports: [8000, 9000], environment: [secret, 'PORT=9000'] });
    docker.add({ name: 'one-port', labels: pooled, ports: [8000], environment: [secret] });
    docker.add({ name: 'no-pool', ports: [8000, 9000], environment: [secret] });
    docker.add({ name: 'says-port', labels: { ...pooled, 'lb.port': '9000' }, ports: [8000, 9000] });
    const engine = engineFor(docker.host);
    const containers = await engine.listContainers();
    await engine.listContainers();
    expect(docker.calls.filter(({ what }) => /^GET \/containers\/\w{64}\/json$/.test(what))).toHaveLength(1);
    expect(containers.map(({ portVariable }) => portVariable)).toEqual([9000, undefined, undefined, undefined]);
    expect(JSON.stringify(containers)).not.toContain('hunter2');
  });

  test('a container that vanished between list and inspect is no failure', async () => {
    const id = docker.add({ name: 'a', labels: pooled, ports: [8000, 9000], environment: ['PORT=9000'] });
    docker.add({ name: 'b', labels: pooled, ports: [8000] });
    docker.afterList = () => {
      docker.afterList = () => undefined;
      docker.delete(id);
    };
    const engine = engineFor(docker.host);
    expect((await engine.listContainers()).map(({ portVariable }) => portVariable)).toEqual([undefined, undefined]);
    expect(await engine.listContainers()).toHaveLength(1);
  });
});

describe('what went wrong is told with what to do', () => {
  test('there is no socket', async () => {
    const host = `unix://${join(docker.socketPath, '../none.sock')}`;
    await expect(engineFor(host).listContainers()).rejects.toThrow(
      `cannot list containers: there is no Docker socket at ${host}; mount it`,
    );
  });

  test('nobody listens on the socket any more', async () => {
    // A file of that kind is left when its server is killed.
    const path = join(docker.socketPath, '../stale.sock');
    const made = spawnSync(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    expect(made.signal).toBe('SIGKILL');
    await expect(engineFor(`unix://${path}`).ping()).rejects.toThrow(/the mounted socket file went stale/);
  });

  test('the socket belongs to somebody else', () => {
    chmodSync(docker.socketPath, 0o600);
    chmodSync(join(docker.socketPath, '..'), 0o755);
    const script = join(join(docker.socketPath, '..'), 'ask.mjs');
    writeFileSync(
      script,
      `if (process.getuid() === 0) process.setuid(65534);
       const { DockerEngine } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/adapters/docker.ts'))});
       await new DockerEngine().ping().catch((error) => console.log(error.message));`,
    );
    if (process.getuid?.() !== 0) chmodSync(docker.socketPath, 0o000);
    const { stdout, stderr } = spawnSync(process.execPath, [script], {
      encoding: 'utf8',
      env: { ...process.env, DOCKER_HOST: docker.host },
    });
    const { gid } = statSync(docker.socketPath);
    expect(`${stdout}${stderr}`).toMatch(
      new RegExp(
        `permission denied on .*; it belongs to group ${String(gid)}: write group_add: \\['${String(gid)}'\\]`,
      ),
    );
  });

  test("the engine's own words, where it has some", async () => {
    docker.failures.set('/containers/json', { status: 500, message: 'database is locked' });
    await expect(engineFor(docker.host).listContainers()).rejects.toThrow(
      /cannot list containers: .*database is locked/,
    );
  });

  test('a socket proxy that allows too little', async () => {
    docker.failures.set('/containers/json', { status: 403, message: 'Forbidden' });
    await expect(engineFor(docker.host).listContainers()).rejects.toThrow(
      /403.*Forbidden.*; let the proxy before the engine allow this call/,
    );
  });

  test('an engine that hangs up', async () => {
    const port = await freePort();
    const server = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
    await once(server, 'listening');
    const host = `tcp://127.0.0.1:${String(port)}`;
    await expect(engineFor(host).ping()).rejects.toThrow(`cannot ping: ${host} hung up`);
    server.close();
  });

  test.each(['hello', '[{"Id":"a"', '{}', '[1]'])('a list that reads %j', async (body) => {
    const port = await freePort();
    const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`;
    const server = createServer((socket) => socket.on('error', () => undefined).end(answer)).listen(port, '127.0.0.1');
    await once(server, 'listening');
    const engine = engineFor(`tcp://127.0.0.1:${String(port)}`);
    await expect(engine.listContainers()).rejects.toThrow(/^cannot list containers: /);
    server.close();
  });

  test('something that is no engine', async () => {
    const port = await freePort();
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')).listen(port, '127.0.0.1');
    await once(server, 'listening');
    await expect(engineFor(`tcp://127.0.0.1:${String(port)}`).ping()).rejects.toThrow(AppError);
    server.close();
  });
});

test('an engine over TCP', async () => {
  const remote = new FakeDocker(await freePort());
  await remote.start();
  remote.add({ name: 'a' });
  expect(await engineFor(remote.host).listContainers()).toHaveLength(1);
  expect(await engineFor(remote.host.replace('tcp://', '')).readVersion()).toMatchObject({
    text: 'Docker Engine 29.0.0 (API 1.52)',
  });
  await remote.remove();
  const nobody = `tcp://127.0.0.1:${String(await freePort())}`;
  await expect(engineFor(nobody).listContainers()).rejects.toThrow(`nobody answers at ${nobody}`);
});

test('over TCP each call has a connection of its own: the last may lead to a machine that is gone', async () => {
  const remote = new FakeDocker(await freePort());
  await remote.start();
  const engine = engineFor(remote.host);
  for (let call = 0; call < 3; call += 1) await engine.listContainers();
  expect(remote.accepted).toBe(3);
  await remote.remove();
});

describe('Podman', () => {
  beforeEach(() => {
    docker.speaksPodman = true;
  });

  test('health, and ports that are not published, are asked for by themselves, as the list lacks them', async () => {
    const spec = { labels: pooled, status: 'Up 5 seconds (unhealthy)', address: '10.89.0.2', ports: [8000] };
    const id = docker.add({ name: 'app', ...spec });
    docker.add({ name: 'other', status: 'Up 5 seconds (healthy)' });
    const engine = engineFor(docker.host);
    const [app, other] = await engine.listContainers();
    expect(app).toMatchObject({ health: 'unhealthy', exposedPorts: [{ port: 8000, protocol: 'tcp' }] });
    expect(other).toMatchObject({ health: 'none' });
    expect(docker.calls.map(({ what }) => what)).toEqual([
      'GET /containers/json',
      'GET /version',
      `GET /containers/${id}/json`,
    ]);
  });

  test('one that vanished meanwhile is as the list said', async () => {
    const id = docker.add({ name: 'app', labels: pooled });
    const engine = engineFor(docker.host);
    await engine.listContainers();
    docker.afterList = () => {
      docker.delete(id);
    };
    expect(await engine.listContainers()).toMatchObject([{ id, state: 'running' }]);
  });

  test('where nobody may ask which engine it is, it is taken for Docker', async () => {
    docker.failures.set('/version', { status: 403, message: 'Forbidden' });
    docker.add({ name: 'app', labels: pooled, ports: [8000] });
    expect(await engineFor(docker.host).listContainers()).toMatchObject([{ name: 'app', exposedPorts: [] }]);
  });

  test('is named, with its API', async () => {
    expect(await engineFor(docker.host).readVersion()).toEqual({
      text: 'Podman 4.3.1 (API 1.41)',
      isPodman: true,
      api: '1.41',
    });
  });

  test('events by its own names: a filter for them is asked for, too', async () => {
    docker.add({ name: 'app', labels: pooled });
    const stop = new AbortController();
    const watching = engineFor(docker.host).subscribe({
      signal: stop.signal,
      sinceS: undefined,
      onOpen: () => {
        stop.abort();
      },
      onEvent: () => undefined,
    });
    await expect(watching).rejects.toThrow();
    const filters = docker.calls.find(({ what }) => what === 'GET /events')?.query.get('filters') ?? '';
    for (const name of ['"die"', '"died"', '"destroy"', '"remove"']) expect(filters).toContain(name);
  });

  // As 4.3.1 of Debian 12 sends them.
  const attributes = { containerExitCode: '0', image: '', name: 'app', podId: '' };
  test.each([
    [{ Type: 'container', Action: 'died' }, 'die'],
    [{ Type: 'container', Action: 'die' }, 'die'],
    [{ Type: 'container', Action: 'remove' }, 'destroy'],
    [{ Type: 'container', Action: 'health_status', HealthStatus: 'healthy' }, 'health_status: healthy'],
    [{ Type: 'container', Action: 'kill' }, 'kill'],
    [{ Type: 'network', Action: 'disconnect' }, 'disconnect'],
  ])('%j', (event, action) => {
    const told = { ...event, Actor: { ID: 'c1', Attributes: attributes }, timeNano: 1_795_568_871_789_547_404 };
    expect(toEngineEvent(told)).toMatchObject({ action, containerId: 'c1', signal: undefined });
  });

  test('`top` in one piece a row', () => {
    const top = {
      Titles: ['PID COMMAND'],
      Processes: [['  1 nginx: master process nginx'], ['22 nginx: worker process']],
    };
    expect(toProcesses(top)).toEqual([
      { pid: 1, command: 'nginx: master process nginx' },
      { pid: 22, command: 'nginx: worker process' },
    ]);
  });
});

test('an engine that refuses old versions of the API is asked by none', async () => {
  docker.oldestApi = '1.44';
  docker.add({ name: 'app', labels: pooled });
  expect(await engineFor(docker.host).listContainers()).toHaveLength(1);
  const pinned = new Docker({ socketPath: docker.socketPath, version: 'v1.41' });
  await expect(pinned.listContainers()).rejects.toThrow('client version 1.41 is too old');
});

describe('odd shapes', () => {
  const info = {
    Id: 'a'.repeat(64),
    Names: ['/app-1'],
    Image: 'app',
    ImageID: 'sha256:0',
    Command: 'app',
    Created: 1,
    Ports: [],
    Labels: {},
    State: 'running',
    Status: 'Up',
    HostConfig: { NetworkMode: 'default' },
    NetworkSettings: { Networks: {} },
    Mounts: [],
  };
  const endpoint = {
    NetworkID: 'n',
    EndpointID: 'e',
    Gateway: '',
    IPAddress: '',
    IPPrefixLen: 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    MacAddress: '',
  };

  test('IPv6 where there is no IPv4, and no address at all', () => {
    const networks = { a: { ...endpoint, GlobalIPv6Address: 'fd00::5' }, b: endpoint };
    expect(toContainer({ ...info, NetworkSettings: { Networks: networks } }, undefined).attachments).toEqual([
      { network: 'a', address: 'fd00::5' },
      { network: 'b', address: undefined },
    ]);
  });

  test('a state nobody knows is not running, and a nameless container is called by its id', () => {
    expect(toContainer({ ...info, Names: [], State: 'stopping' }, undefined)).toMatchObject({
      name: 'a'.repeat(12),
      state: 'dead',
    });
  });

  test.each([
    [['PORT=8000'], 8000],
    [['SUPPORT=1', 'PORT=8000'], 8000],
    [['PORT=0'], undefined],
    [['PORT=65536'], undefined],
    [['PORT=80; evil'], undefined],
    [['PORT=0x50'], undefined],
    [['PORT='], undefined],
    [[], undefined],
    [null, undefined],
    [undefined, undefined],
  ])('the port of %j is %p', (environment, port) => {
    expect(toPortVariable(environment)).toBe(port);
  });

  test('events that name no container, and what is no event', () => {
    for (const line of [
      null,
      7,
      'x',
      [],
      {},
      { Type: 'container', Action: 'start' },
      { Action: 'start', Actor: { ID: 5 } },
    ])
      expect(toEngineEvent(line)).toBeUndefined();
    expect(toEngineEvent({ Type: 'network', Action: 'connect', Actor: { ID: 'n', Attributes: {} } })).toBeUndefined();
  });

  test('the time of an event in milliseconds, from nanoseconds or, on Podman, from seconds', () => {
    const event = { Type: 'container', Action: 'start', Actor: { ID: 'a' } };
    expect(toEngineEvent({ ...event, timeNano: 1_700_000_000_123_000_000 })?.atMs).toBeCloseTo(1_700_000_000_123, 0);
    expect(toEngineEvent({ ...event, time: 1_700_000_000 })?.atMs).toBe(1_700_000_000_000);
  });

  test.each([
    [{ StartedAt: '2024-05-01T10:20:30.123456789Z' }, Date.UTC(2024, 4, 1, 10, 20, 30, 123)],
    [{ StartedAt: '0001-01-01T00:00:00Z' }, undefined],
    [{ StartedAt: '' }, undefined],
    [{}, undefined],
    [undefined, undefined],
  ])('%j was started at %s', (state, atMs) => {
    expect(toStartedAt(state)).toBe(atMs);
  });

  test('processes as `top` tells them', () => {
    const top = { Titles: ['PID', 'COMMAND'], Processes: [['7', 'nginx: master process nginx -g daemon off;'], ['8']] };
    expect(toProcesses(top)).toEqual([
      { pid: 7, command: 'nginx: master process nginx -g daemon off;' },
      { pid: 8, command: '' },
    ]);
    for (const nothing of [undefined, null, {}, { Processes: null }, []]) expect(toProcesses(nothing)).toEqual([]);
  });
});

describe('the events of the near past', () => {
  const since = (): number => Math.floor(Date.now() / 1000) - 60;

  test("come at once, also where the engine's clock is hours behind and does not end the replay", async () => {
    docker.clockBehindMs = 3 * 3_600_000;
    docker.end(docker.add({ name: 'app-1' }));
    const events = await engineFor(docker.host).listEvents(since());
    expect(events.map(({ action }) => action)).toEqual(['start', 'kill', 'die']);
  });

  test('a replay that breaks is an error, and nobody waits for its end', async () => {
    docker.clockBehindMs = 3 * 3_600_000;
    const reading = engineFor(docker.host).listEvents(since());
    const broken = expect(reading).rejects.toThrow(/^cannot read the events of the near past: /);
    await eventually(
      'the replay beginning',
      () => {
        expect(docker.openStreams).toBe(1);
      },
      { withinMs: 2000, everyMs: 5 },
    );
    docker.cutStreams();
    await broken;
  });
});

test('each call is told when it has ended, with how it went', async () => {
  const told: string[] = [];
  const watch = (host: string): DockerEngine => {
    process.env['DOCKER_HOST'] = host;
    return new DockerEngine(undefined, (call, result) => {
      told.push(`${call} ${result}`);
    });
  };
  const engine = watch(docker.host);
  const id = docker.add({ name: 'app-1' });
  await engine.listContainers();
  // Who is gone is an answer.
  await engine.inspectContainers([id, 'gone']);
  await engine.ping();
  docker.failures.set('/containers/json', { status: 403, message: 'Forbidden' });
  await expect(engine.listContainers()).rejects.toThrow(AppError);
  docker.failures.set('/containers/json', { status: 500, message: 'database is locked' });
  await expect(engine.listContainers()).rejects.toThrow(AppError);

  const port = await freePort();
  const accepted: Socket[] = [];
  const silent = createServer((socket) => accepted.push(socket)).listen(port, '127.0.0.1');
  await once(silent, 'listening');
  try {
    const waiting = watch(`tcp://127.0.0.1:${String(port)}`);
    waiting.callTimeoutMs = 50;
    await expect(waiting.ping()).rejects.toThrow(AppError);
    await expect(waiting.openShell('nginx')).rejects.toThrow(NoShell);
  } finally {
    silent.close();
    for (const socket of accepted) socket.destroy();
  }
  expect(told).toEqual([
    'list ok',
    'inspect ok',
    'inspect ok',
    'ping ok',
    'list refused',
    'list error',
    'ping timeout',
    'shell timeout',
  ]);
});
