import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { systemClock } from '../../src/adapters/clock.ts';
import type { Mark } from '../../src/loop/dirty.ts';
import type { EventStream, Report, Subscription } from '../../src/loop/ports.ts';
import { Lifecycle } from '../../src/loop/lifecycle.ts';
import { watchEvents } from '../../src/sources/docker-events.ts';
import { startResync } from '../../src/sources/resync.ts';
import { engineFor } from '../support/engine-for.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeDocker } from '../support/fake-docker.ts';
import '../support/native-errors.ts';

const timing = { idleMs: 60_000, openMs: 2000, steadyMs: 5000 };
const soon = { withinMs: 10_000, everyMs: 10 };

let docker: FakeDocker;
let stopWatching: () => Promise<void>;

beforeEach(async () => {
  docker = new FakeDocker();
  await docker.start();
  stopWatching = () => Promise.resolve();
});

afterEach(async () => {
  await stopWatching();
  await docker.remove();
});

test('subscribes before it has anything listed, so that an event in between is not lost', async () => {
  const engine = engineFor(docker.host);
  const { marks } = watch({
    onMark: (mark) => {
      if (mark.stale === 'all') void engine.listContainers();
    },
  });
  let late = '';
  docker.afterList = () => {
    docker.afterList = () => undefined;
    // The list has been made: only an event can tell of this one.
    late = docker.add({ name: 'late' });
  };
  await eventually(
    'the late one is told',
    () => {
      expect(staleIds(marks)).toContain(late);
    },
    soon,
  );
  expect(docker.calls.map(({ what }) => what).slice(0, 2)).toEqual(['GET /events', 'GET /containers/json']);
});

test('asks for events of membership only, and gets none of the many others', async () => {
  const { marks } = watch();
  await opened(marks);
  const id = docker.add({ name: 'a' });
  for (const action of ['exec_create: sh', 'exec_start: sh', 'exec_die', 'attach', 'top', 'resize'])
    docker.emit(action, id);
  docker.tellHealth(id, 'healthy');
  await eventually(
    'health is told',
    () => {
      expect(reasons(marks)).toContain('health_status: healthy');
    },
    soon,
  );
  expect(reasons(marks)).toEqual(['start', 'connect', 'start', 'health_status: healthy']);
});

test('a removal is urgent, a join is not; each names its container', async () => {
  const { marks } = watch();
  await opened(marks);
  const id = docker.add({ name: 'a' });
  docker.end(id);
  docker.delete(id);
  await eventually(
    'the end is told',
    () => {
      expect(reasons(marks)).toContain('destroy');
    },
    soon,
  );
  expect(marks.slice(1).map(({ reason, isUrgent }) => `${reason}${isUrgent ? ' urgent' : ''}`)).toEqual([
    'connect',
    'start',
    'stop signal urgent',
    'die urgent',
    'stop urgent',
    'destroy urgent',
  ]);
  for (const { reason, stale } of marks.slice(1)) {
    // The engine's list knows nothing of a signal: nobody is looked at again.
    expect(stale).toEqual(new Set(reason === 'stop signal' ? [] : [id]));
  }
});

test.each(['split in lines', 'two at a time'] as const)('lines in chunks: %s', async (chunking) => {
  docker.chunking = chunking;
  const { marks } = watch();
  await opened(marks);
  // Letters of several bytes, so that one is cut in the middle.
  const ids = [docker.add({ name: 'ä', labels: { x: '→'.repeat(60) } }), docker.add({ name: 'b' })];
  await eventually(
    'all are told',
    () => {
      expect(staleIds(marks)).toEqual([...ids, ...ids].sort());
    },
    soon,
  );
});

test('a line that is no JSON, and shapes nobody expects, do no harm', async () => {
  const { marks } = watch();
  await opened(marks);
  docker.write('{"cut":\n\nnull\n[]\n42\n{"Type":"container"}\n{"Type":"container","Action":"start","Actor":null}\n');
  const id = docker.add({ name: 'a' });
  await eventually(
    'the stream lives',
    () => {
      expect(staleIds(marks)).toContain(id);
    },
    soon,
  );
});

test('an event that is repeated counts once', async () => {
  const { marks } = watch();
  await opened(marks);
  const event = { Type: 'container', Action: 'die', Actor: { ID: 'x' }, time: 1_700_000_000, timeNano: 1.7e18 };
  for (let times = 0; times < 3; times += 1) docker.emitRaw(event);
  docker.emitRaw({ ...event, Actor: { ID: 'y' } });
  await eventually(
    'y is told',
    () => {
      expect(staleIds(marks)).toContain('y');
    },
    soon,
  );
  expect(staleIds(marks)).toEqual(['x', 'y']);
});

test("Podman's words are understood", async () => {
  const { marks } = watch();
  await opened(marks);
  const told = (action: string, more: object): void => {
    // Its stream is not filtered by our names for them.
    docker.write(
      `${JSON.stringify({ Type: 'container', Action: action, Actor: { ID: 'p', Attributes: {} }, time: 1_700_000_000, ...more })}\n`,
    );
  };
  told('died', {});
  told('health_status', { HealthStatus: 'unhealthy' });
  told('health_status', { Actor: { ID: 'p', Attributes: { health_status: 'healthy' } } });
  await eventually(
    'all are told',
    () => {
      expect(marks).toHaveLength(4);
    },
    soon,
  );
  expect(marks.slice(1).map(({ reason, isUrgent }) => [reason, isUrgent])).toEqual([
    ['die', true],
    ['health_status: unhealthy', true],
    ['health_status: healthy', false],
  ]);
});

describe('the stream is lost', () => {
  test.each([
    [
      'cut',
      () => {
        docker.cutStreams();
      },
    ],
    [
      'ended',
      () => {
        docker.endStreams();
      },
    ],
  ] as const)('%s: said once, then it is opened anew and everything is listed again', async (_, lose) => {
    const { marks, reports } = watch();
    await opened(marks);
    lose();
    await eventually(
      'it is watched again',
      () => {
        expect(reasons(marks)).toEqual(['start', 'reconnected']);
      },
      soon,
    );
    expect(marks[1]?.stale).toBe('all');
    expect(reports.map(({ kind }) => kind)).toEqual(['watching', 'cut', 'watching']);
    const id = docker.add({ name: 'a' });
    await eventually(
      'events come again',
      () => {
        expect(staleIds(marks)).toContain(id);
      },
      soon,
    );
    expect(docker.openStreams).toBe(1);
  });

  test('an event while it was lost is replayed', async () => {
    const { marks } = watch();
    await opened(marks);
    docker.cutStreams();
    const id = docker.add({ name: 'a' });
    await eventually(
      'it is told',
      () => {
        expect(staleIds(marks)).toContain(id);
      },
      soon,
    );
  });

  test('the engine is away at the start', async () => {
    await docker.stop();
    const { marks, reports } = watch();
    await eventually(
      'it is said',
      () => {
        expect(reports[0]?.kind).toBe('cut');
      },
      soon,
    );
    expect(reports[0]).toHaveProperty('why', expect.stringContaining('mount it'));
    await docker.start();
    await opened(marks);
    expect(marks[0]?.stale).toBe('all');
  });

  test('the engine restarts: another socket of the same path is found', async () => {
    const { marks } = watch();
    await opened(marks);
    await docker.stop();
    await docker.start();
    await eventually(
      'it is watched again',
      () => {
        expect(reasons(marks)).toContain('reconnected');
      },
      soon,
    );
  });

  test('the engine answers 500: its own words are told', async () => {
    docker.failures.set('/events', { status: 500, message: 'database is locked' });
    const { marks, reports } = watch();
    await eventually(
      'it is tried again',
      () => {
        expect(reports.length).toBeGreaterThan(1);
      },
      soon,
    );
    expect(reports[0]).toHaveProperty('why', expect.stringContaining('database is locked'));
    docker.failures.clear();
    await opened(marks);
  });

  test('a subscription that nobody answers is given up', async () => {
    docker.ignoresSubscriptions = true;
    const { reports, marks } = watch({ openMs: 100 });
    await eventually(
      'it is said',
      () => {
        expect(reports[0]?.kind).toBe('cut');
      },
      soon,
    );
    expect(reports[0]).toHaveProperty('why', 'the engine did not answer within 0.1 s');
    docker.ignoresSubscriptions = false;
    await opened(marks);
  });
});

describe('half open', () => {
  test('a silent stream is replaced, what it kept for itself is replayed, and nothing is leaked or listed', async () => {
    const { marks, reports } = watch({ idleMs: 150 });
    await opened(marks);
    docker.freezeStreams();
    const id = docker.add({ name: 'a' });
    await eventually(
      'it is told',
      () => {
        expect(staleIds(marks)).toContain(id);
      },
      soon,
    );
    await eventually(
      'some renewals',
      () => {
        expect(docker.count('GET /events')).toBeGreaterThan(3);
      },
      soon,
    );
    expect(reasons(marks)).toEqual(['start', 'connect', 'start']);
    expect(reports.map(({ kind }) => kind)).toEqual(['watching']);
    expect(docker.openStreams).toBeLessThanOrEqual(2);
  });

  test('frozen for good: the renewal fails, and that is a cut', async () => {
    const { marks, reports } = watch({ idleMs: 150, openMs: 100 });
    await opened(marks);
    docker.freezeStreams();
    docker.ignoresSubscriptions = true;
    await eventually(
      'it is said',
      () => {
        expect(reports.map(({ kind }) => kind)).toContain('cut');
      },
      soon,
    );
    docker.ignoresSubscriptions = false;
    await eventually(
      'everything is listed',
      () => {
        expect(reasons(marks)).toContain('reconnected');
      },
      soon,
    );
  });

  test('a stream that speaks is left alone', async () => {
    const { marks } = watch({ idleMs: 400 });
    await opened(marks);
    const id = docker.add({ name: 'a' });
    const beginMs = performance.now();
    await eventually(
      'a second passes',
      () => {
        docker.kill(id, 1);
        expect(performance.now() - beginMs).toBeGreaterThan(1000);
      },
      { withinMs: 5000, everyMs: 50 },
    );
    expect(docker.count('GET /events')).toBe(1);
  });
});

test('aborted: the watch ends and the stream is closed', async () => {
  const { marks } = watch();
  await opened(marks);
  await stopWatching();
  await eventually(
    'it is closed',
    () => {
      expect(docker.openStreams).toBe(0);
    },
    soon,
  );
});

describe('by the clock', () => {
  test('pauses between failures double up to a second, and start small again after a success', async () => {
    const clock = new FakeClock();
    const engine = new ScriptedStream(clock);
    const { reports, aborting, done } = watchScripted(engine, clock);
    await clock.advance(60_000);
    expect(engine.triedAtMs.slice(0, 8)).toEqual([0, 250, 750, 1750, 2750, 3750, 4750, 5750]);
    expect(reports.map((report) => (report.kind === 'cut' ? report.retryMs : 0)).slice(0, 7)).toEqual([
      250, 500, 1000, 1000, 1000, 1000, 1000,
    ]);

    engine.isUp = true;
    await clock.advance(10_000);
    engine.isUp = false;
    const before = engine.triedAtMs.length;
    engine.cut();
    const cutAtMs = clock.nowMs();
    await clock.advance(1000);
    expect(engine.triedAtMs.slice(before)).toEqual([cutAtMs + 250, cutAtMs + 750]);
    aborting.abort();
    await clock.until(done);
    expect(clock.pending).toBe(0);
  });

  test('a stream that is accepted and ended at once is asked for ever more seldom, and everything with it', async () => {
    const clock = new FakeClock();
    const engine = new ScriptedStream(clock);
    engine.isUp = true;
    engine.endsAtOnce = true;
    const { marks, aborting, done } = watchScripted(engine, clock);
    await clock.advance(30_000);
    expect(engine.triedAtMs).toEqual([0, 250, 750, 1750, 3750, 7750, 15_750, 25_750]);
    expect(marks).toHaveLength(8);

    // One that lives for a while, or brings an event, makes the pauses small again.
    engine.endsAtOnce = false;
    await clock.advance(10_000);
    const lived = engine.triedAtMs.length;
    await clock.advance(5000);
    engine.cut();
    await clock.advance(250);
    expect(engine.triedAtMs).toHaveLength(lived + 1);
    engine.endsAtOnce = true;
    engine.cut();
    await clock.advance(20_000);
    engine.endsAtOnce = false;
    await clock.advance(10_000);
    engine.tell({ action: 'start', containerId: 'a', signal: undefined, atMs: clock.unixMs() });
    const told = engine.triedAtMs.length;
    engine.cut();
    await clock.advance(250);
    expect(engine.triedAtMs).toHaveLength(told + 1);
    aborting.abort();
    await clock.until(done);
  });

  test('half open, with nobody who answers: noticed within 15 s, and told since when nothing was heard', async () => {
    const clock = new FakeClock();
    const engine = new ScriptedStream(clock);
    engine.isUp = true;
    const { reports, aborting, done } = watchScripted(engine, clock);
    await clock.advance(3000);
    engine.tell({ action: 'start', containerId: 'a', signal: undefined, atMs: clock.unixMs() });
    engine.isMute = true;
    await clock.advance(15_000);
    expect(reports).toEqual([
      { kind: 'watching' },
      { kind: 'cut', why: 'the engine did not answer within 4 s', retryMs: 250, silentMs: 14_000 },
    ]);
    aborting.abort();
    await clock.until(done);
  });

  test.each([
    ['forwards', 7_200_000],
    ['backwards', -7_200_000],
  ])('the wall clock jumps %s: the next renewal replays from now, and everything is listed', async (_, jumpMs) => {
    const clock = new FakeClock();
    const engine = new ScriptedStream(clock);
    engine.isUp = true;
    const { marks, aborting, done } = watchScripted(engine, clock);
    await clock.advance(15_000);
    clock.jump(jumpMs);
    await clock.advance(20_000);
    // No renewal is early or late.
    expect(engine.triedAtMs).toEqual([0, 10_000, 20_000, 30_000]);
    const jumped = (clock.startUnixMs + jumpMs + 20_000) / 1000;
    expect(engine.sinceS.slice(1)).toEqual([clock.startUnixMs / 1000, jumped, jumped]);
    expect(reasons(marks)).toEqual(['start', 'clock jumped']);
    expect(marks[1]?.stale).toBe('all');
    aborting.abort();
    await clock.until(done);
  });

  test("the engine's clock is put back: what happens after its latest event is replayed", async () => {
    const clock = new FakeClock();
    const engine = new ScriptedStream(clock);
    engine.isUp = true;
    const { marks, aborting, done } = watchScripted(engine, clock);
    await clock.advance(1000);
    for (const atMs of [clock.unixMs(), clock.unixMs() - 3_600_000])
      engine.tell({ action: 'start', containerId: 'a', signal: undefined, atMs });
    await clock.advance(10_000);
    expect(engine.sinceS.at(-1)).toBe((clock.startUnixMs + 1000 - 3_600_000) / 1000);
    expect(reasons(marks)).toEqual(['start', 'start', 'start']);
    aborting.abort();
    await clock.until(done);
  });

  test('an idle stream is renewed every ten seconds, from the last moment known', async () => {
    const clock = new FakeClock();
    const engine = new ScriptedStream(clock);
    engine.isUp = true;
    const { aborting, done, marks } = watchScripted(engine, clock);
    await clock.advance(25_000);
    expect(engine.triedAtMs).toEqual([0, 10_000, 20_000]);
    expect(engine.sinceS).toEqual([undefined, clock.startUnixMs / 1000, clock.startUnixMs / 1000]);
    expect(marks).toHaveLength(1);

    engine.tell({ action: 'start', containerId: 'a', signal: undefined, atMs: clock.unixMs() });
    await clock.advance(10_000);
    expect(engine.triedAtMs.at(-1)).toBe(35_000);
    expect(engine.sinceS.at(-1)).toBe((clock.startUnixMs + 25_000) / 1000);
    aborting.abort();
    await clock.until(done);
  });

  test('the resync comes at its interval until it is ended', async () => {
    const clock = new FakeClock();
    const atMs: number[] = [];
    const stop = startResync(60_000, () => atMs.push(clock.nowMs()), clock);
    await clock.advance(200_000);
    expect(atMs).toEqual([60_000, 120_000, 180_000]);
    stop();
    await clock.advance(200_000);
    expect(atMs).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });
});

/** An engine that is up or not, and counts by its clock. */
class ScriptedStream implements EventStream {
  readonly triedAtMs: number[] = [];
  readonly sinceS: (number | undefined)[] = [];
  isUp = false;
  /** Accepts nobody and refuses nobody. */
  isMute = false;
  /** Accepts each stream, and ends it. */
  endsAtOnce = false;
  cut: () => void = () => undefined;
  tell: Subscription['onEvent'] = () => undefined;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  subscribe({ onOpen, onEvent, signal, sinceS }: Subscription): Promise<void> {
    this.triedAtMs.push(this.#clock.nowMs());
    this.sinceS.push(sinceS);
    if (!this.isUp) return Promise.reject(new Error('down'));
    if (!this.isMute) onOpen();
    if (this.endsAtOnce) return Promise.resolve();
    this.tell = onEvent;
    return new Promise((resolve, reject) => {
      this.cut = resolve;
      signal.addEventListener('abort', () => {
        reject(new Error('aborted'));
      });
    });
  }
}

const deafEngine = { listEvents: () => Promise.resolve([]), readStopSignal: () => Promise.resolve(undefined) };

function watchScripted(engine: ScriptedStream, clock: FakeClock) {
  const marks: Mark[] = [];
  const reports: Report[] = [];
  const aborting = new AbortController();
  const done = watchEvents(
    engine,
    new Lifecycle(deafEngine, clock, true),
    (mark) => marks.push(mark),
    clock,
    { report: (report) => reports.push(report) },
    aborting.signal,
  );
  return { marks, reports, aborting, done };
}

interface WatchOptions {
  readonly idleMs?: number;
  readonly openMs?: number;
  readonly onMark?: (mark: Mark) => void;
}

/** Watches the fake engine through the real adapter. */
function watch({ onMark, ...shortened }: WatchOptions = {}) {
  const marks: Mark[] = [];
  const reports: Report[] = [];
  const aborting = new AbortController();
  const engine = engineFor(docker.host);
  const done = watchEvents(
    engine,
    new Lifecycle(engine, systemClock, true),
    (mark) => {
      marks.push(mark);
      onMark?.(mark);
    },
    systemClock,
    { report: (report) => reports.push(report) },
    aborting.signal,
    { ...timing, ...shortened },
  );
  stopWatching = () => {
    aborting.abort();
    return done;
  };
  return { marks, reports };
}

async function opened(marks: readonly Mark[]): Promise<void> {
  await eventually(
    'the stream is open',
    () => {
      expect(marks.length).toBeGreaterThan(0);
    },
    soon,
  );
}

function reasons(marks: readonly Mark[]): readonly string[] {
  return marks.map(({ reason }) => reason);
}

function staleIds(marks: readonly Mark[]): readonly string[] {
  return marks.flatMap(({ stale }) => (stale === 'all' ? [] : [...stale])).sort();
}
