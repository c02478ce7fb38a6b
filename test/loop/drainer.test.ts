import { describe, expect, test } from '@jest/globals';

import type { Container, Drain, Membership } from '../../src/core/model.ts';
import type { Mark } from '../../src/loop/dirty.ts';
import { Drainer, Refusal } from '../../src/loop/drainer.ts';
import type { Outcome } from '../../src/loop/outcome.ts';
import { unknownBuild } from '../../src/core/nginx-build.ts';
import { PassWatch } from '../../src/loop/pass-watch.ts';
import type { Plan } from '../../src/loop/reconcile.ts';
import { container, idOf } from '../support/container.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeTarget } from '../support/fake-target.ts';
import { MemoryDrains } from '../support/memory-drains.ts';
import '../support/native-errors.ts';

const app = container({ name: 'app-1', labels: { 'lb.pool': 'app', 'lb.drain': '20s' } });
const database = container({ name: 'db' });
const applied: Outcome = { kind: 'applied', reloaded: ['nginx'], generations: 0 };
const away: Outcome = { kind: 'unavailable', what: 'nginx', message: 'nginx does not run' };

describe('drain', () => {
  test('is written down, makes an urgent pass due, and ends when a pass without the member is confirmed', async () => {
    const lab = start();
    const draining = watch(lab.drainer.drain(app, 'drained'));
    await lab.clock.advance(0);
    expect(lab.store.drains.get(app.id)).toEqual({ kind: 'drained', sinceMs: lab.clock.startUnixMs });
    expect(lab.marks).toEqual([expect.objectContaining({ reason: 'drain', isUrgent: true })]);

    // A pass that began before, and one that says the member is out and could not be brought to nginx.
    lab.pass(applied, ['start'], 'in');
    lab.pass(away, ['resync'], 'out');
    await lab.clock.advance(0);
    expect(draining.isSettled).toBe(false);
    lab.pass(applied, ['drain'], 'out');
    await draining.promise;
    expect(lab.clock.pending).toBe(0);
  });

  test('asked again it is there already, and a person’s word is not weakened by the container’s', async () => {
    const lab = start();
    await lab.drain('drained');
    const before = lab.store.drains.get(app.id);
    await lab.drainer.drain(app, 'withdrawn');
    expect(lab.store.drains.get(app.id)).toEqual(before);
    expect(lab.marks).toHaveLength(1);
  });

  test('a person’s word outlasts the container’s', async () => {
    const lab = start();
    await lab.drain('withdrawn');
    await lab.drain('drained');
    expect(lab.store.drains.get(app.id)?.kind).toBe('drained');
  });

  test('a pass for it that fails is told at once, the drain stays written down', async () => {
    const lab = start();
    const draining = lab.drainer.drain(app, 'drained');
    await lab.clock.advance(0);
    lab.pass(away, ['drain'], 'out');
    await expect(draining).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'nginx does not run; the drain of app-1 is noted, and holds from the next pass that succeeds',
    });
    expect(lab.store.drains.has(app.id)).toBe(true);
  });

  test('nobody acknowledges: it is said after 15 s', async () => {
    const lab = start();
    const draining = watch(lab.drainer.drain(app, 'drained'));
    await lab.clock.advance(14_999);
    expect(draining.isSettled).toBe(false);
    await lab.clock.advance(1);
    await expect(draining.promise).rejects.toMatchObject({ kind: 'late', message: expect.stringContaining('15 s') });
  });

  test('undrained in between, the acknowledgement of before is none', async () => {
    const lab = start();
    await lab.drain('drained');
    const undraining = lab.drainer.undrain(app, 'drained');
    const again = watch(lab.drainer.drain(app, 'drained'));
    await lab.clock.advance(0);
    lab.pass(applied, ['undrain'], 'in');
    await undraining;
    await lab.clock.advance(0);
    expect(again.isSettled).toBe(false);
    lab.pass(applied, ['drain'], 'out');
    await again.promise;
  });

  test('who is in no pool cannot leave one', async () => {
    const lab = start();
    await expect(lab.drainer.drain(database, 'drained')).rejects.toMatchObject({
      kind: 'no member',
      message: 'db is in no pool and asks for none: no lb.pool or lb.backup label',
    });
    expect(lab.store.drains.size).toBe(0);
  });
});

describe('undrain', () => {
  test('ends with a confirmed pass that knows of no drain, and tells where the member is', async () => {
    const lab = start();
    await lab.drain('drained');
    const undraining = watch(lab.drainer.undrain(app, 'drained'));
    await lab.clock.advance(0);
    expect(lab.store.drains.size).toBe(0);
    lab.pass(applied, ['resync'], 'out');
    await lab.clock.advance(0);
    expect(undraining.isSettled).toBe(false);
    lab.pass(applied, ['undrain'], 'in');
    expect(await undraining.promise).toEqual([expect.objectContaining({ container: 'app-1', state: 'in' })]);
  });

  test('a container ends its own drain, not a person’s', async () => {
    const lab = start();
    await lab.drain('drained');
    await expect(lab.drainer.undrain(app, 'withdrawn')).rejects.toMatchObject({ kind: 'not yours' });
    expect(lab.store.drains.size).toBe(1);
  });
});

describe('find', () => {
  test('who is not known is looked for once more, by a pass', async () => {
    const lab = start();
    const finding = lab.drainer.find('newcomer');
    await lab.clock.advance(0);
    expect(lab.marks).toEqual([expect.objectContaining({ stale: 'all', isUrgent: true })]);
    const newcomer = container({ name: 'newcomer' });
    lab.pass(away, ['resync'], 'in', [app, newcomer]);
    expect(await finding).toBe(newcomer);
    expect(await lab.drainer.find(app.id.slice(0, 12))).toBe(app);

    const seeking = lab.drainer.find('nobody');
    await lab.clock.advance(0);
    lab.pass(applied, ['resync'], 'in');
    await expect(seeking).rejects.toThrow(
      new Refusal('unknown', 'no container is called nobody; lbwatch explain lists them'),
    );
  });

  test('one name on several machines: which ids they have, and where they are', async () => {
    const on = (node: string) => container({ name: 'app-1', id: idOf(node), node });
    const lab = start();
    lab.pass(applied, ['resync'], 'in', [on('a'), on('b\u001b')]);
    await expect(lab.drainer.find('app-1')).rejects.toThrow(
      new Refusal(
        'ambiguous',
        'several containers are called app-1; write the id of the one you mean: 610000000000 on a, 621b00000000 on b\\u{1b}',
      ),
    );
    const many = Array.from({ length: 12 }, (_, index) => on(`${String(index)}-worker`));
    lab.pass(applied, ['resync'], 'in', many);
    await expect(lab.drainer.find('app-1')).rejects.toThrow(/ on 9-worker, and 2 more$/);
  });

  test('the beginning of several ids', async () => {
    const twins = ['a', 'b'].map((end) => container({ name: end, id: `${'c'.repeat(63)}${end}` }));
    const lab = start(twins);
    const finding = lab.drainer.find('cccccccccccc');
    lab.pass(applied, ['resync'], 'in', twins);
    await expect(finding).rejects.toThrow(
      new Refusal('ambiguous', 'the ids of several containers begin with cccccccccccc; write more of it'),
    );
  });

  test('the engine is away: that is said instead', async () => {
    const lab = start([]);
    const finding = lab.drainer.find('app-1');
    await lab.clock.advance(0);
    const [mark] = lab.marks;
    const outcome: Outcome = { kind: 'unavailable', what: 'engine', message: 'cannot list containers' };
    lab.passes.report({ ...lab.made(outcome, [mark?.reason ?? ''], 'in'), plan: undefined });
    await expect(finding).rejects.toMatchObject({ kind: 'unavailable', message: 'cannot list containers; ask again' });
  });
});

describe('connections', () => {
  test('of every nginx together; unknown where one cannot be looked into', async () => {
    const lab = start();
    await lab.drain('drained');
    lab.tables = [table(2), table(1)];
    expect(await lab.drainer.status(app)).toEqual({
      isDrained: true,
      isAcknowledged: true,
      connections: 3,
      drainMs: 20_000,
    });
    lab.tables = [table(2), undefined];
    expect((await lab.drainer.status(app)).connections).toBeUndefined();
    // Where nothing runs, nothing is in work.
    expect((await lab.drainer.status({ ...app, state: 'exited' })).connections).toBe(0);
  });

  test('asked by many at once, nginx is looked into twice: now, and once for those who came meanwhile', async () => {
    const lab = start();
    await lab.drain('drained');
    const before = lab.readings;
    const answers = await Promise.all(Array.from({ length: 20 }, () => lab.drainer.status(app)));
    expect(answers.every(({ connections }) => connections === 0)).toBe(true);
    // There are two nginx.
    expect(lab.readings - before).toBe(2 * 2);
  });

  test('awaited: until twice in a row there is none', async () => {
    const lab = start();
    await lab.drain('drained');
    lab.tables = [table(1)];
    const waiting = watch(lab.drainer.awaitQuiet(app, 60_000, new AbortController().signal));
    await lab.clock.advance(5000);
    lab.tables = [table(0)];
    await lab.clock.until(waiting.promise, 1200);
    expect(await waiting.promise).toMatchObject({ connections: 0 });
    expect(lab.clock.nowMs()).toBeGreaterThanOrEqual(5100);
    expect(lab.clock.pending).toBe(0);
  });

  test('a request on its way, which comes to the member after a first look, is waited for', async () => {
    const lab = start();
    await lab.drain('drained');
    const waiting = watch(lab.drainer.awaitQuiet(app, 60_000, new AbortController().signal));
    await lab.clock.advance(50);
    lab.tables = [table(1)];
    await lab.clock.advance(2000);
    expect(waiting.isSettled).toBe(false);
    lab.tables = [table(0)];
    expect(await lab.clock.until(waiting.promise)).toMatchObject({ connections: 0 });
  });

  test('the time is up, or they cannot be counted: told after just that time', async () => {
    for (const left of [table(2), undefined]) {
      const lab = start();
      await lab.drain('drained');
      lab.tables = [left];
      const beganMs = lab.clock.nowMs();
      const waiting = lab.drainer.awaitQuiet(app, 3000, new AbortController().signal);
      expect(await lab.clock.until(waiting)).toMatchObject({ connections: left === undefined ? undefined : 2 });
      expect(lab.clock.nowMs() - beganMs).toBe(3000);
    }
  });

  test('the caller hangs up, the member stops, or the drain ends: nothing is waited for', async () => {
    const lab = start();
    await lab.drain('drained');
    lab.tables = [table(2)];
    const hangUp = new AbortController();
    const hung = watch(lab.drainer.awaitQuiet(app, 60_000, hangUp.signal));
    const stopped = watch(lab.drainer.awaitQuiet(app, 60_000, new AbortController().signal));
    await lab.clock.advance(500);
    hangUp.abort();
    await hung.promise;
    expect(stopped.isSettled).toBe(false);
    lab.pass(applied, ['die'], 'out', [{ ...app, state: 'exited' }]);
    expect(await lab.clock.until(stopped.promise, 3000)).toMatchObject({ connections: 0 });

    lab.pass(applied, ['start'], 'out');
    const undrained = watch(lab.drainer.awaitQuiet(app, 60_000, new AbortController().signal));
    await lab.clock.advance(500);
    lab.store.drains.clear();
    expect(await lab.clock.until(undrained.promise, 3000)).toMatchObject({ isDrained: false, connections: 2 });
    expect(lab.clock.pending).toBe(0);
  });
});

/** The address of `app` in a table of nginx's connections, so many times. */
function table(count: number): string {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
  const row = '   1: 0300000A:CE84 0200000A:1F40 01 00000000:00000000 00:00000000 00000000     0        0 7 1 0\n';
  return head + row.repeat(count);
}

function watch<T>(promise: Promise<T>): { readonly promise: Promise<T>; isSettled: boolean } {
  const watched = { promise, isSettled: false };
  const settle = (): void => {
    watched.isSettled = true;
  };
  promise.then(settle, settle);
  return watched;
}

/** A drainer whose passes end as the test says. */
function start(containers: readonly Container[] = [app, database]) {
  const clock = new FakeClock();
  const store = new MemoryDrains();
  const marks: Mark[] = [];
  const passes = new PassWatch({ report: () => undefined });
  const drainer = new Drainer(store, passes, (mark) => marks.push(mark), clock);
  const lab = {
    clock,
    store,
    marks,
    passes,
    drainer,
    /** What the two nginx tell; one that is not named has no connection. */
    tables: [table(0)] as readonly (string | undefined)[],
    readings: 0,
    made(outcome: Outcome, reasons: readonly string[], state: Membership['state'], seen = containers) {
      const plan = planOf(state, seen);
      return {
        kind: 'pass' as const,
        outcome,
        reasons,
        plan,
        changes: [],
        isFirst: false,
        beganMs: 0,
        sinceEventMs: 0,
        stages: {},
      };
    },
    pass(outcome: Outcome, reasons: readonly string[], state: Membership['state'], seen = containers): void {
      passes.report(lab.made(outcome, reasons, state, seen));
    },
    /** From the call to the acknowledgement. */
    async drain(kind: Drain['kind']): Promise<void> {
      const draining = drainer.drain(app, kind);
      await clock.advance(0);
      lab.pass(applied, ['drain'], 'out');
      await draining;
    },
  };
  const planOf = (state: Membership['state'], seen: readonly Container[]): Plan => ({
    containers: seen,
    departures: state === 'in' ? new Map() : new Map([[app.id, { kind: 'drained', sinceMs: 0 }]]),
    endedDrains: [],
    unseen: undefined,
    notes: [],
    desired: { pools: [], memberships: seen.map((one) => rowOf(one, state)), problems: [] },
    rendered: { text: '', streams: '', digest: '' },
    found: {
      targets: [0, 1].map((index) => {
        return new FakeTarget({
          name: `nginx-${String(index + 1)}`,
          tcpTables: () => {
            lab.readings += 1;
            return Promise.resolve(index < lab.tables.length ? lab.tables[index] : table(0));
          },
        });
      }),
      reach: 'any',
      ownReach: 'any',
      missing: undefined,
      project: undefined,
    },
    engines: [],
    builds: [unknownBuild, unknownBuild],
  });
  if (containers.length > 0) lab.pass(applied, ['start'], 'in');
  return lab;
}

function rowOf({ id, name, labels }: Container, state: Membership['state']): Membership {
  const isMember = labels['lb.pool'] !== undefined;
  return {
    containerId: id,
    container: name,
    pool: labels['lb.pool'],
    role: isMember ? 'primary' : undefined,
    state: isMember ? state : 'out',
    condition: isMember && state === 'in' ? 'ready' : 'out',
    address: isMember ? '10.0.0.2:8000' : undefined,
    reason: isMember ? 'as the test says' : 'no lb.pool or lb.backup label',
  };
}
