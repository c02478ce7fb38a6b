import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { systemClock } from '../../src/adapters/clock.ts';
import type { DockerEngine } from '../../src/adapters/docker.ts';
import { KeptShell } from '../../src/adapters/kept-shell.ts';
import type { Mark } from '../../src/loop/dirty.ts';
import { Lifecycle } from '../../src/loop/lifecycle.ts';
import type { Report } from '../../src/loop/ports.ts';
import { watchEvents } from '../../src/sources/docker-events.ts';
import { engineFor } from '../support/engine-for.ts';
import { eventually } from '../support/eventually.ts';
import { FakeDocker } from '../support/fake-docker.ts';
import { FreezingProxy } from '../support/freezing-proxy.ts';
import '../support/native-errors.ts';

/*
 * Half-dead sockets: connections stay open and nothing comes. What ends the wait, on each way to the engine and nginx:
 *
 * event stream          10 s of silence, then 4 s for its replacement   sources/docker-events.ts
 * any other call        10 s for the whole of the answer                adapters/docker.ts
 * opening the shell     10 s, and 5 s for its first word                adapters/docker.ts, kept-shell.ts
 * a command in it       2 s to look and to signal, 10 s for nginx -t    adapters/nginx-by-shell.ts
 * nginx's digest        1 s                                             adapters/ask-digest.ts
 * a check               lb.check.timeout                                adapters/ask-member.ts
 */

/** Instead of ten seconds, where an answer never comes. */
const callTimeoutMs = 150;
/** Where one does, however busy the machine is. */
const longTimeoutMs = 10_000;
/** A machine that is busy makes it late; a call that nobody ends would hang for ever. */
const patience = { withinMs: 5000, everyMs: 10 };

let docker: FakeDocker;
let proxy: FreezingProxy;
let engine: DockerEngine;
let id: string;

beforeEach(async () => {
  docker = new FakeDocker();
  await docker.start();
  id = docker.add({ name: 'nginx-1', processes: [['1', 'nginx: master process nginx']] });
  docker.execs.set('nginx -t', { exitCode: 0, output: 'ok\n' });
  proxy = new FreezingProxy(docker.socketPath);
  await proxy.start();
  engine = engineFor(proxy.host);
  engine.callTimeoutMs = longTimeoutMs;
});

afterEach(async () => {
  await proxy.remove();
  await docker.remove();
});

const calls: readonly (readonly [what: string, request: RegExp, call: () => Promise<unknown>])[] = [
  ['list', /GET .*\/containers\/json/, () => engine.listContainers()],
  ['inspect', /GET .*\/containers\/[0-9a-f]+.*\/json/, () => engine.inspectContainers([id])],
  ['past events', /GET .*\/events/, () => engine.listEvents(0)],
  ['stop signal', /GET .*\/json/, () => engine.readStopSignal(id)],
  ['start time', /GET .*\/json/, () => engine.readStartedAt(id)],
  ['processes', /GET .*\/top/, () => engine.listProcesses(id)],
  ['ping', /\/_ping/, () => engine.ping()],
  ['version', /GET .*\/version/, () => engine.readVersion()],
  ['exec, created', /POST .*\/containers\/.*\/exec/, () => engine.exec(id, ['nginx', '-t'])],
  ['exec, started', /POST .*\/start/, () => engine.exec(id, ['nginx', '-t'])],
  ['exec, its exit code', /GET .*\/exec\/.*\/json/, () => engine.exec(id, ['nginx', '-t'])],
];

describe.each(['answer', 'body'] as const)('the %s never comes', (part) => {
  test.each(calls)('%s: given up in time, and the next one is answered', async (_, request, call) => {
    await call();
    proxy.swallow(request, part);
    engine.callTimeoutMs = callTimeoutMs;
    expect(await outcomeOf(call())).toMatch(/^AppError: cannot .* did not answer in time$/);
    engine.callTimeoutMs = longTimeoutMs;
    proxy.thaw();
    await call();
  });

  test('signal: given up in time', async () => {
    proxy.swallow(/POST .*\/kill/, part);
    if (part === 'answer') engine.callTimeoutMs = callTimeoutMs;
    // An answer of a head alone is whole.
    const expected =
      part === 'answer' ? /^AppError: cannot send SIGHUP to nginx: .* did not answer in time$/ : /^done$/;
    expect(await outcomeOf(engine.signal(id, 'SIGHUP'))).toMatch(expected);
  });

  test.each([
    ['created', /POST .*\/containers\/.*\/exec/],
    ['started', /POST .*\/start/],
  ])('a shell that is being %s: given up in time', async (_, request) => {
    proxy.swallow(request, part);
    engine.callTimeoutMs = callTimeoutMs;
    const shell = new KeptShell(
      () => engine.openShell(id),
      () => performance.now(),
    );
    expect(await outcomeOf(shell.run('true', { timeoutMs: 100, isRepeatable: true }), 10_000)).toMatch(
      /^AppError: no shell in nginx's container: .*did not answer (?:in time|within 5 s)$/,
    );
    shell.close();
  });
});

test('the whole proxy goes dead: the stream is cut within its two times, and all is well when it lives again', async () => {
  const idleMs = 300;
  const openMs = 200;
  const marks: Mark[] = [];
  const reports: Report[] = [];
  const aborting = new AbortController();
  const done = watchEvents(
    engine,
    new Lifecycle(engine, systemClock, true),
    (mark) => marks.push(mark),
    systemClock,
    { report: (report) => reports.push(report) },
    aborting.signal,
    { idleMs, openMs, steadyMs: 100 },
  );
  await eventually(
    'it watches',
    () => {
      expect(marks).toHaveLength(1);
    },
    patience,
  );
  proxy.freeze();
  const late = docker.add({ name: 'late' });
  const cut = await eventually(
    'it is cut',
    () => {
      const found = reports.find((report) => report.kind === 'cut');
      if (found === undefined) throw new Error('not yet');
      return found;
    },
    patience,
  );
  expect(cut).toMatchObject({ why: 'the engine did not answer within 0.2 s' });
  // From the last that was heard of it, which its own timers measure.
  expect(cut.silentMs).toBeGreaterThanOrEqual(idleMs + openMs - 5);
  proxy.thaw();
  await eventually(
    'everything is listed, and what happened is replayed',
    () => {
      expect(marks.map(({ reason }) => reason)).toContain('reconnected');
      expect(marks.some(({ stale }) => stale !== 'all' && stale.has(late))).toBe(true);
    },
    patience,
  );
  aborting.abort();
  await done;
});

/** How a call ended, or that it did not. */
async function outcomeOf(call: Promise<unknown>, withinMs = 4000): Promise<string> {
  const hung = new Promise<string>((resolve) => {
    setTimeout(resolve, withinMs, `hangs after ${String(withinMs)} ms`).unref();
  });
  const ended = call.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
  );
  return Promise.race([ended, hung]);
}
