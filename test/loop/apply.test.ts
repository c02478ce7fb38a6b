import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { afterEach, describe, expect, test } from '@jest/globals';

import '../support/native-errors.ts';
import { systemClock } from '../../src/adapters/clock.ts';
import { defaultPatience } from '../../src/loop/acknowledge.ts';
import { Applier } from '../../src/loop/apply.ts';
import type { Rendered } from '../../src/core/render.ts';
import type { Outcome } from '../../src/loop/outcome.ts';
import type { Quit, Target } from '../../src/loop/ports.ts';
import type { Death, Step } from '../support/apply-and-die.ts';
import { ApplyLab, found } from '../support/apply-lab.ts';
import type { Place } from '../support/apply-lab.ts';
import { eventually } from '../support/eventually.ts';
import { FakeTarget } from '../support/fake-target.ts';
import { freePort } from '../support/free-port.ts';
import { NginxProcess } from '../support/nginx-process.ts';
import type { NginxOptions } from '../support/nginx-process.ts';

/** nginx tries for 2.5 s to listen where it cannot; nobody need wait for that here. */
const patience = { ...defaultPatience, digestMs: 800 };

const one = '127.0.0.11:8000';
const two = '127.0.0.12:8000';

/** Resolves to what undoes a test. */
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('killed after each step and started anew', () => {
  const steps: readonly Step[] = [
    'half a write',
    'one of two files',
    'write',
    'validate',
    'signal',
    'hand over',
    'acknowledge',
    'remember',
  ];

  test.each(steps)('%s: the same end, whatever is wanted now', async (after) => {
    const lab = await startLab();
    await lab.apply(one);
    const wanted = await lab.want(one, two);

    expect(await lab.dieApplying(after, one, two)).toBe('SIGKILL');
    await lab.expectEndAfterPasses(wanted, one, two);

    // The labels may have changed back while nobody looked.
    await lab.apply(one);
    expect(await lab.dieApplying(after, one, two)).toBe('SIGKILL');
    await lab.expectEndAfterPasses(await lab.want(one), one);
  });

  test('between the two files, and nginx starts anew: it runs whole upstreams, and is brought in step', async () => {
    const lab = await startLab();
    await lab.apply(one);
    expect(await lab.dieApplying('one of two files', one, two)).toBe('SIGKILL');
    expect(lab.nginx.streams()).toContain(two);
    expect(lab.nginx.generated()).not.toContain(two);
    await lab.nginx.stop();
    await lab.nginx.start();
    await lab.expectEndAfterPasses(await lab.want(one, two), one, two);
  });

  test.each(['write', 'validate'] as const)('%s of what nginx refuses: the last good file is back', async (after) => {
    const lab = await startLab();
    await lab.apply(one);
    const good = await lab.want(one);
    writeFileSync(lab.nginx.sitePath, 'no_such_directive on;\n');

    expect(await lab.dieApplying(after, one, two)).toBe('SIGKILL');
    expect(lab.nginx.generated()).not.toBe(good.text);
    expect((await lab.apply(one, two)).kind).toBe('rejected');
    expect(lab.nginx.generated()).toBe(good.text);
    expect(await lab.runningDigest()).toBe(good.digest);
  });

  test.each(['write', 'validate'] as const)(
    'the very first pass, %s of what nginx refuses: what nginx started with is back',
    async (after) => {
      const lab = await startLab();
      const found = { text: lab.nginx.generated(), streams: lab.nginx.streams() };
      const site = readFileSync(lab.nginx.sitePath, 'utf8');
      writeFileSync(lab.nginx.sitePath, `${site}no_such_directive on;\n`);
      expect(await lab.dieApplying(after, one)).toBe('SIGKILL');
      expect(lab.nginx.generated()).not.toBe(found.text);
      expect((await lab.apply(one)).kind).toBe('rejected');
      expect({ text: lab.nginx.generated(), streams: lab.nginx.streams() }).toEqual(found);
      writeFileSync(lab.nginx.sitePath, site);
      await lab.apply(one);
      await lab.expectEnd(await lab.want(one));
    },
  );

  test('the very first pass: what nginx started with is replaced all the same', async () => {
    for (const after of ['write', 'acknowledge'] as const) {
      const lab = await startLab();
      expect(await lab.dieApplying(after, one)).toBe('SIGKILL');
      await lab.apply(one);
      await lab.expectEnd(await lab.want(one));
    }
  });
});

test('applied: the file, what runs and the last good are one, and the next pass touches nothing', async () => {
  const lab = await startLab();
  expect(await lab.apply(one)).toMatchObject({ kind: 'applied', reloaded: ['nginx'] });
  await lab.expectEnd(await lab.want(one));

  const workers = lab.nginx.workers();
  const files = lab.fileTimes();
  expect(await lab.apply(one)).toEqual({ kind: 'unchanged' });
  // A new controller has not forgotten either: it asks nginx.
  expect(await lab.restarted().apply(await lab.want(one), found(await lab.target()))).toEqual({ kind: 'unchanged' });
  expect(lab.nginx.workers()).toEqual(workers);
  expect(lab.fileTimes()).toEqual(files);
});

test('no temporary file is left behind', async () => {
  const lab = await startLab();
  await lab.apply(one);
  await lab.apply(two);
  expect(readdirSync(lab.nginx.sharedDirectory).sort()).toEqual([
    'streams.conf',
    'upstreams.conf',
    'upstreams.last-good',
  ]);
});

test('rejected: the file is back byte for byte, nginx runs on untouched, and says why', async () => {
  const lab = await startLab();
  await lab.apply(one);
  const good = await lab.want(one);
  const workers = lab.nginx.workers();
  writeFileSync(lab.nginx.sitePath, 'no_such_directive on;\n');

  const outcome = await lab.apply(one, two);
  expect(outcome).toEqual({
    kind: 'rejected',
    message: `nginx: unknown directive "no_such_directive" in ${lab.nginx.sitePath}:1`,
  });
  expect(lab.nginx.generated()).toBe(good.text);
  expect(lab.nginx.streams()).toBe(good.streams);
  expect(lab.nginx.lastGood()).toBe(good.text);
  expect(lab.nginx.workers()).toEqual(workers);
  expect(await lab.runningDigest()).toBe(good.digest);

  // Put right, it is loaded by the next pass.
  writeFileSync(lab.nginx.sitePath, '# fine\n');
  expect((await lab.apply(one, two)).kind).toBe('applied');
  await lab.expectEnd(await lab.want(one, two));
});

test('rolled back: nginx passed the test and could not load it; the last good file is back', async () => {
  const lab = await startLab();
  await lab.apply(one);
  const good = await lab.want(one);
  // `nginx -t` does not mind that somebody else listens there; a reload does.
  const taken = await listen(await freePort());
  writeFileSync(lab.nginx.sitePath, `server { listen 127.0.0.1:${String(taken.port)}; }\n`);

  const outcome = await lab.apply(one, two);
  expect(outcome.kind).toBe('rolledBack');
  expect(outcome).toHaveProperty('message', expect.stringContaining('its error log says why'));
  expect(lab.nginx.generated()).toBe(good.text);
  expect(lab.nginx.lastGood()).toBe(good.text);
  expect(await lab.runningDigest()).toBe(good.digest);

  await taken.close();
  expect((await lab.apply(one, two)).kind).toMatch(/^(?:applied|rolledBack)$/);
  expect((await lab.patient().apply(await lab.want(one, two), found(await lab.target()))).kind).toMatch(
    /^(?:applied|unchanged)$/,
  );
  await lab.expectEnd(await lab.want(one, two));
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
      writeFileSync(path, '# mine\n');
    },
  ],
  [
    'emptied',
    (path: string) => {
      writeFileSync(path, '');
    },
  ],
] as const)('the generated files %s by somebody are put back without a reload', async (_, harm) => {
  const lab = await startLab();
  await lab.apply(one);
  const workers = lab.nginx.workers();
  for (const path of [lab.nginx.generatedPath, lab.nginx.streamsPath]) harm(path);
  expect(await lab.apply(one)).toEqual({ kind: 'applied', reloaded: [], generations: 0 });
  await lab.expectEnd(await lab.want(one));
  expect(lab.nginx.workers()).toEqual(workers);
});

test('no nginx: the file is ready for it, and it starts with the wanted configuration', async () => {
  const lab = await startLab();
  await lab.nginx.stop();
  const wanted = await lab.want(one);
  const outcome = await lab.restarted().apply(wanted, { ...found(), missing: 'no nginx runs here' });
  expect(outcome).toEqual({
    kind: 'unavailable',
    what: 'nginx',
    message: 'no nginx runs here; the file is ready for it',
  });
  expect(lab.nginx.generated()).toBe(wanted.text);

  await lab.nginx.start();
  const workers = lab.nginx.workers();
  expect(await lab.apply(one)).toEqual({ kind: 'unchanged' });
  await lab.expectEnd(wanted);
  expect(lab.nginx.workers()).toEqual(workers);
});

test('nginx does not include the file: the line to write is told, and nothing is reloaded', async () => {
  const lab = await startLab({ includesGenerated: false });
  const workers = lab.nginx.workers();
  const outcome = await lab.apply(one);
  expect(outcome.kind).toBe('unavailable');
  expect(outcome).toHaveProperty(
    'message',
    expect.stringContaining(`write "include ${lab.nginx.generatedPath};" in the http block`),
  );
  expect(lab.nginx.workers()).toEqual(workers);
});

test('nobody answers where the digest is asked: one reload for a text, not one a pass', async () => {
  const lab = await startLab();
  const elsewhere = await freePort();
  const applier = lab.restarted();
  const apply = async (...addresses: readonly string[]): Promise<Outcome> =>
    applier.apply(await lab.want(...addresses), found(await lab.target(elsewhere)));

  const first = await apply(one);
  expect(first.kind).toBe('unavailable');
  expect(first).toHaveProperty('message', expect.stringContaining(`does not answer at 127.0.0.1:${String(elsewhere)}`));
  // It was reloaded once, and runs what is wanted.
  expect(await lab.runningDigest()).toBe((await lab.want(one)).digest);
  const workers = lab.nginx.workers();
  expect(await apply(one)).toEqual(first);
  expect(await apply(one)).toEqual(first);
  expect(lab.nginx.workers()).toEqual(workers);

  // Another text is another try.
  await apply(one, two);
  expect(await lab.runningDigest()).toBe((await lab.want(one, two)).digest);
});

describe('early handover', () => {
  /** An nginx whose old worker accepts, and answers, until it is told to quit. */
  const scene = async (quit: Quit) => {
    const lab = await startLab();
    const wanted = await lab.want(one);
    const steps: string[] = [];
    let workers = [11];
    const target = new FakeTarget({
      digest: () => (workers.includes(11) ? 'old' : wanted.digest),
      workers: () => workers.map((pid) => ({ pid, isQuitting: false })),
      reload: () => {
        steps.push('reload');
        workers = [11, 21];
        // As the master would.
        setTimeout(() => (workers = [21]), 400);
      },
      quit: (pids) => {
        steps.push(`quit ${pids.join()}`);
        if (quit === 'sent') workers = [21];
        return quit;
      },
    });
    return { lab, wanted, target, steps };
  };

  test('the old worker is told to quit after the signal, and then acknowledged as ever', async () => {
    const { lab, wanted, target, steps } = await scene('sent');
    expect(await lab.restarted().apply(wanted, found(target))).toEqual({
      kind: 'applied',
      reloaded: ['nginx'],
      generations: 0,
    });
    expect(steps).toEqual(['reload', 'quit 11']);
  });

  test('where that is refused it is said with the outcome, once, and the master is waited for', async () => {
    const { lab, wanted, target, steps } = await scene('refused');
    const applier = lab.restarted();
    expect(await applier.apply(wanted, found(target))).toEqual({
      kind: 'applied',
      reloaded: ['nginx'],
      generations: 0,
      handoverOff: [expect.stringContaining('may not signal the workers of nginx')],
    });
    expect(await applier.apply(wanted, found(target))).toEqual({ kind: 'unchanged' });
    expect(steps).toEqual(['reload', 'quit 11']);
  });

  test('turned off, nobody is told', async () => {
    const { lab, wanted, target, steps } = await scene('sent');
    const applier = new Applier(lab.files, systemClock, patience, false);
    expect((await applier.apply(wanted, found(target))).kind).toBe('applied');
    expect(steps).toEqual(['reload']);
  });
});

describe('an nginx that cannot be had to test anything', () => {
  test('what it takes up is applied', async () => {
    const lab = await startLab();
    const wanted = await lab.want(one);
    expect((await lab.restarted().apply(wanted, found(untested(await lab.target())))).kind).toBe('applied');
    await lab.expectEnd(wanted);
  });

  test('what it refuses is seen by its digest, and the last good file is back', async () => {
    const lab = await startLab();
    await lab.apply(one);
    const good = await lab.want(one);
    writeFileSync(lab.nginx.sitePath, 'no_such_directive on;\n');
    const outcome = await lab.restarted().apply(await lab.want(one, two), found(untested(await lab.target())));
    expect(outcome.kind).toBe('rolledBack');
    expect([lab.nginx.generated(), lab.nginx.lastGood()]).toEqual([good.text, good.text]);
    expect(await lab.runningDigest()).toBe(good.digest);
  });
});

describe('several nginx', () => {
  test('one refuses to load: all run the last good one again, the file too', async () => {
    const lab = await startLab();
    await lab.apply(one);
    const good = await lab.want(one);
    const wanted = await lab.want(one, two);
    const runs = { taker: good.digest, refuser: good.digest };
    const onDisk = (): string => (lab.nginx.generated() === wanted.text ? wanted.digest : good.digest);
    const taker = new FakeTarget({
      name: 'taker',
      digest: () => runs.taker,
      reload: () => {
        runs.taker = onDisk();
      },
    });
    const refuser = new FakeTarget({ name: 'refuser', digest: () => runs.refuser });

    const outcome = await lab.restarted().apply(wanted, found(taker, refuser));
    expect(outcome.kind).toBe('rolledBack');
    expect(outcome).toHaveProperty('message', expect.stringMatching(/^refuser was told to reload/));
    expect(lab.nginx.generated()).toBe(good.text);
    expect(runs).toEqual({ taker: good.digest, refuser: good.digest });
    expect([taker.reloads, refuser.reloads]).toEqual([2, 1]);
  });

  test('one finds it invalid: none is reloaded', async () => {
    const lab = await startLab();
    await lab.apply(one);
    const good = await lab.want(one);
    const willing = new FakeTarget({ name: 'willing', digest: () => good.digest });
    const unwilling = new FakeTarget({
      name: 'unwilling',
      digest: () => good.digest,
      verdict: () => ({ accepted: false, message: 'no' }),
    });
    const outcome = await lab.restarted().apply(await lab.want(two), found(willing, unwilling));
    expect(outcome).toEqual({ kind: 'rejected', message: 'unwilling: no' });
    expect([willing.reloads, unwilling.reloads]).toEqual([0, 0]);
    expect(lab.nginx.generated()).toBe(good.text);
  });

  test('only those that lag behind are reloaded', async () => {
    const lab = await startLab();
    const wanted = await lab.want(one);
    const current = new FakeTarget({ name: 'current', digest: () => wanted.digest });
    const outcome = await lab.restarted().apply(wanted, found(current, await lab.target()));
    expect(outcome).toMatchObject({ kind: 'applied', reloaded: ['nginx'], generations: 0 });
    expect([current.validated, current.reloads]).toEqual([0, 0]);
    await lab.expectEnd(wanted);
  });

  test('one is silent: the others are reloaded, and it is named', async () => {
    const lab = await startLab();
    const silent = new FakeTarget({ name: 'silent' });
    const wanted = await lab.want(one);
    const outcome = await lab.restarted().apply(wanted, found(silent, await lab.target()));
    expect(outcome.kind).toBe('unavailable');
    expect(outcome).toHaveProperty('message', expect.stringMatching(/^silent has the configuration/));
    expect(await lab.runningDigest()).toBe(wanted.digest);
  });
});

describe('the digest that each nginx has answered with last', () => {
  test('is known after a pass, whatever became of it, for those that the pass found', async () => {
    const lab = await startLab();
    const applier = lab.restarted();
    const nginx = await lab.target();
    const silent = new FakeTarget({ name: 'silent' });
    expect(applier.heard(nginx.id)).toBeUndefined();
    const wanted = await lab.want(one);
    expect((await applier.apply(wanted, found(nginx, silent))).kind).toBe('unavailable');
    expect([applier.heard(nginx.id), applier.heard(silent.id)]).toEqual([wanted.digest, undefined]);

    writeFileSync(lab.nginx.sitePath, 'no_such_directive on;\n');
    expect((await applier.apply(await lab.want(one, two), found(nginx))).kind).toBe('rejected');
    expect(applier.heard(nginx.id)).toBe(wanted.digest);
    await applier.apply(wanted, found(silent));
    expect(applier.heard(nginx.id)).toBeUndefined();
  });

  test('is not known of one that took up what another refused, and was told to go back', async () => {
    const lab = await startLab();
    await lab.apply(one);
    const good = await lab.want(one);
    const wanted = await lab.want(one, two);
    let runs = good.digest;
    const taker = new FakeTarget({
      name: 'taker',
      digest: () => runs,
      reload: () => {
        runs = lab.nginx.generated() === wanted.text ? wanted.digest : good.digest;
      },
    });
    const refuser = new FakeTarget({ name: 'refuser', digest: () => good.digest });
    const applier = lab.restarted();
    expect((await applier.apply(wanted, found(taker, refuser))).kind).toBe('rolledBack');
    expect([applier.heard(taker.id), applier.heard(refuser.id)]).toEqual([undefined, good.digest]);
  });

  test('is heard anew by a controller that was started anew, also where nothing is to be done', async () => {
    const lab = await startLab();
    await lab.apply(one);
    const applier = lab.restarted();
    const nginx = await lab.target();
    const wanted = await lab.want(one);
    expect((await applier.apply(wanted, found(nginx))).kind).toBe('unchanged');
    expect(applier.heard(nginx.id)).toBe(wanted.digest);
  });
});

/** The same nginx, where nothing can be run beside it. */
function untested(target: Target): Target {
  return {
    id: target.id,
    name: target.name,
    answersAt: target.answersAt,
    readBuild: () => target.readBuild(),
    askDigest: () => target.askDigest(),
    askConnections: () => target.askConnections(),
    validate: () => Promise.resolve({ accepted: undefined }),
    includes: () => Promise.resolve(undefined),
    listWorkers: () => target.listWorkers(),
    readTcpTables: () => target.readTcpTables(),
    prepare: () => target.prepare(),
    signalReload: () => target.signalReload(),
    reloadAndHandOver: (onSignalled) => target.reloadAndHandOver(onSignalled),
    canHandOver: () => target.canHandOver(),
    quitWorkers: (pids) => target.quitWorkers(pids),
  };
}

/** A real nginx that runs, and a controller's applier for it. */
async function startLab(options: NginxOptions = {}) {
  const nginx = new NginxProcess({ stream: '', ...options });
  cleanups.push(() => nginx.remove());
  await nginx.start();
  const place: Place = {
    command: nginx.command,
    directory: nginx.sharedDirectory,
    sitePaths: nginx.sitePaths,
    port: await freePort(),
  };
  const lab = new ApplyLab(place);
  const restarted = (): Applier => new Applier(new ApplyLab(place).files, systemClock, patience);
  const want = lab.want.bind(lab);
  const runningDigest = async (): Promise<string | undefined> => (await lab.target()).askDigest();
  const apply = async (...addresses: readonly string[]): Promise<Outcome> =>
    restarted().apply(await want(...addresses), found(await lab.target()));
  const expectEnd = async (wanted: Rendered): Promise<void> => {
    expect(nginx.generated()).toBe(wanted.text);
    expect(nginx.streams()).toBe(wanted.streams);
    expect(await runningDigest()).toBe(wanted.digest);
    const { text, streams } = wanted;
    expect(await lab.files.readLastGood()).toEqual({ text, streams });
  };
  return {
    nginx,
    want,
    runningDigest,
    target: lab.target.bind(lab),
    restarted,
    files: lab.files,
    patient: () => new Applier(lab.files, systemClock),
    apply,
    dieApplying: (after: Step, ...addresses: readonly string[]) => die({ place, addresses, after }),
    fileTimes: () => [nginx.generatedPath, nginx.lastGoodPath].map(modifiedAtMs),
    expectEnd,
    /**
     * Mostly one pass does it. A reload that was under way when a controller died may take effect after the next one
     * has looked; the pass after that sees it.
     */
    expectEndAfterPasses: (wanted: Rendered, ...addresses: readonly string[]): Promise<void> =>
      eventually(
        'the same end',
        async () => {
          expect((await apply(...addresses)).kind).toMatch(/^(?:applied|unchanged)$/);
          await expectEnd(wanted);
        },
        { withinMs: 5000 },
      ),
  };
}

function modifiedAtMs(path: string): number {
  return statSync(path).mtimeMs;
}

/** Applies in a process of its own; answers the signal that ended it. */
async function die(death: Death): Promise<unknown> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../support/apply-and-die.ts'), JSON.stringify(death)],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const died: readonly unknown[] = await once(child, 'exit');
  return died[1];
}

/** Takes a port that somebody else will want. */
async function listen(port: number) {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  cleanups.push(close);
  return { port, close };
}
