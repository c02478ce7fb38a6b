import { Writable } from 'node:stream';

import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';

import type { PoolChange } from '../../src/core/diff.ts';
import type { Problem } from '../../src/core/model.ts';
import type { Outcome } from '../../src/loop/outcome.ts';
import type { Report } from '../../src/loop/ports.ts';
import { Staleness } from '../../src/loop/staleness.ts';
import { renderLine } from '../../src/report/line.ts';
import { logTo } from '../../src/report/log.ts';
import { Teller } from '../../src/report/teller.ts';
import { container } from '../support/container.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { isListed } from '../support/listed.ts';

type Pass = Extract<Report, { kind: 'pass' }>;

const words: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };

/** A reporter with a real pino, and what it wrote: the records, and the lines a person reads. */
function begin(level = 'info') {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      done();
    },
  });
  const clock = new FakeClock();
  const staleness = new Staleness(clock);
  const reporter = new Teller(logTo(pino({ level, base: null, timestamp: false }, stream)), clock, staleness);
  const records = (): readonly Readonly<Record<string, unknown>>[] =>
    written.map((text) => {
      const record: unknown = JSON.parse(text);
      return typeof record === 'object' && record !== null ? { ...record } : {};
    });
  return {
    clock,
    report: (report: Report): void => {
      staleness.note(report);
      reporter.report(report);
    },
    records,
    /** What was written since the last call. */
    lines: (): readonly string[] => {
      expect(records().filter((record) => !isListed(record))).toEqual([]);
      const lines = records().map((record) => `${words[Number(record['level'])] ?? '?'} ${renderLine(record)}`);
      written.length = 0;
      return lines;
    },
  };
}

const problem = (different: Partial<Problem> = {}): Problem => ({
  containerId: '1',
  container: 'shop-app-1',
  label: 'lb.weight',
  effect: 'out',
  message: 'lb.weight: "x" is refused; write a whole number from 1 to 65535',
  ...different,
});

function pass(outcome: Outcome, different: Partial<Pass> = {}, problems: readonly Problem[] = []): Pass {
  return {
    kind: 'pass',
    outcome,
    reasons: ['start'],
    plan: planWith(problems),
    changes: [],
    isFirst: false,
    beganMs: 0,
    sinceEventMs: 41.6,
    stages: { received: 1.5 },
    ...different,
  };
}

function planWith(problems: readonly Problem[]): NonNullable<Pass['plan']> {
  return {
    containers: [],
    departures: new Map(),
    endedDrains: [],
    unseen: undefined,
    notes: [],
    desired: { pools: [], memberships: [], problems },
    rendered: { text: '', streams: '', digest: '' },
    found: { targets: [], reach: 'any', ownReach: 'any', missing: undefined, project: 'shop' },
    engines: [],
    builds: [],
  };
}

const unchanged: Outcome = { kind: 'unchanged' };
const applied: Outcome = { kind: 'applied', reloaded: ['shop-nginx-1'], generations: 0 };
const unavailable = (message: string): Outcome => ({ kind: 'unavailable', what: 'nginx', message });
const change: PoolChange = {
  pool: 'app',
  joined: [{ container: 'shop-app-2', role: 'primary', address: '10.0.0.3:8000', reason: 'healthy' }],
  left: [{ container: 'shop-spare-1', role: 'backup', address: '10.0.0.9:8000', reason: 'exited' }],
  primaries: 2,
  backups: 0,
};

describe('a pool of thousands', () => {
  const moves = Array.from({ length: 3000 }, (_, index) => ({
    container: `shop-app-${String(index)}`,
    role: 'primary' as const,
    address: '10.0.0.3:8000',
    reason: 'healthy',
  }));
  const large: PoolChange = { pool: 'app', joined: moves, left: moves.slice(0, 21), primaries: 3000, backups: 0 };

  test('is told by the first of its members, and by how many there are', () => {
    const { report, records } = begin();
    report(pass(applied, { changes: [large] }));
    const [record] = records();
    expect(record).toMatchObject({ allJoined: 3000, allLeft: 21, primaries: 3000 });
    expect(record?.['joined']).toHaveLength(20);
    expect(record?.['left']).toHaveLength(20);
    expect(record?.['line']).toMatch(/shop-app-19 10\.0\.0\.3:8000 \(healthy\), and 3001 more; now 3000 primaries/);
    expect(JSON.stringify(record).length).toBeLessThan(10_000);
  });
});

describe('a pass that changed nothing', () => {
  test('is told to nobody, but for debug', () => {
    const quiet = begin();
    quiet.report(pass(unchanged));
    expect(quiet.lines()).toEqual([]);
    const loud = begin('debug');
    loud.report(pass(unchanged));
    expect(loud.lines()).toEqual([
      'debug pass outcome=unchanged reasons=["start"] stages={"received":1.5} sinceEventMs=41.6',
      'debug unchanged reasons=["start"] sinceEventMs=41.6',
    ]);
  });

  test('as the first one tells who is in', () => {
    const { report, lines } = begin();
    const empty = { pool: 'web', joined: [], left: [], primaries: 0, backups: 0 };
    report(pass(unchanged, { isFirst: true, changes: [{ ...change, left: [], primaries: 1 }, empty] }));
    expect(lines()).toEqual([
      'info pool in step: app has 1 primary and 0 backups: shop-app-2',
      'info pool in step: web has 0 primaries and 0 backups: nobody',
    ]);
  });
});

describe('a change', () => {
  test('is one line a pool: who came and went, why, and how long it took', () => {
    const { report, lines } = begin();
    report(pass(applied, { changes: [change] }));
    expect(lines()).toEqual([
      'info pool changed: app + shop-app-2 10.0.0.3:8000 (healthy), - shop-spare-1 10.0.0.9:8000 backup (exited); ' +
        'now 2 primaries and 0 backups; acknowledged 42 ms after the event',
    ]);
  });

  test('names the machine where lbwatch looks at several', () => {
    const { report, lines, records } = begin();
    const [joined] = change.joined.map((move) => ({ ...move, node: 'worker-1' }));
    const [left] = change.left.map((move) => ({ ...move, node: 'worker-2\u001b\\' }));
    report(pass(applied, { changes: [{ ...change, joined: joined ? [joined] : [], left: left ? [left] : [] }] }));
    expect(records()).toMatchObject([{ joined: [{ node: 'worker-1' }] }]);
    expect(lines()).toEqual([
      expect.stringContaining(
        'app + shop-app-2 on worker-1 10.0.0.3:8000 (healthy), - shop-spare-1 on worker-2\\u{1b}\\\\ 10.0.0.9:8000 backup (exited)',
      ),
    ]);
  });

  test('carries its parts as keys for machines', () => {
    const { report, records } = begin();
    report(pass(applied, { changes: [change] }));
    expect(records()).toMatchObject([{ ...change, reasons: ['start'], sinceEventMs: 41.6, msg: 'pool changed' }]);
  });

  test('without a member is told as such', () => {
    const { report, lines } = begin();
    report(pass(applied, { changes: [{ pool: 'web', joined: [], left: [], primaries: 0, backups: 0 }] }));
    expect(lines()).toEqual([
      'info pool changed: web (no member); now 0 primaries and 0 backups; acknowledged 42 ms after the event',
    ]);
  });

  test('of the site alone, or of the file alone, is told too', () => {
    const { report, lines } = begin();
    report(pass(applied, { reasons: ['site'] }));
    report(pass({ kind: 'applied', reloaded: [], generations: 0 }, { reasons: ['file'] }));
    expect(lines()).toEqual([
      'info configuration reloaded reasons=["site"] nginx=shop-nginx-1',
      'info generated file put back; nginx runs it already reasons=["file"]',
    ]);
  });

  test('shows a strange container name on one line', () => {
    const { report, lines } = begin();
    const [move] = change.joined;
    report(pass(applied, { changes: [{ ...change, left: [], joined: move ? [{ ...move, container: 'a\nb' }] : [] }] }));
    expect(lines()[0]).toContain('app + a\\u{a}b 10.0.0.3:8000');
  });
});

describe('a problem', () => {
  const told =
    'warn problem: shop-app-1: lb.weight: "x" is refused; write a whole number from 1 to 65535 (it stays out)';

  test('is told once, and when it is gone', () => {
    const { report, lines } = begin();
    report(pass(unchanged, {}, [problem()]));
    expect(lines()).toEqual([told]);
    report(pass(unchanged, {}, [problem()]));
    report(pass(applied, {}, [problem()]));
    expect(lines()).toEqual(['info configuration reloaded reasons=["start"] nginx=shop-nginx-1']);
    report(pass(unchanged));
    expect(lines()).toEqual(['info problem gone: shop-app-1: lb.weight']);
    report(pass(unchanged));
    expect(lines()).toEqual([]);
    report(pass(unchanged, {}, [problem()]));
    expect(lines()).toEqual([told]);
  });

  test('says on which machine, also when its container is gone', () => {
    const { report, lines, records } = begin();
    const on = (node: string) => container({ name: 'shop-app-1', id: node, node });
    const plan = {
      ...planWith([problem({ containerId: 'worker-1' }), problem({ containerId: 'worker-2' })]),
      containers: [on('worker-1'), on('worker-2')],
    };
    report(pass(unchanged, { plan }));
    expect(records()).toMatchObject([{ node: 'worker-1' }, { node: 'worker-2' }]);
    expect(lines()).toEqual(
      ['worker-1', 'worker-2'].map((node) => told.replace('shop-app-1:', `shop-app-1 on ${node}:`)),
    );
    report(pass(unchanged, { plan: planWith([problem({ containerId: 'worker-1' })]) }));
    expect(lines()).toEqual(['info problem gone: shop-app-1 on worker-2: lb.weight']);
  });

  test('what belongs to no container is told once as well, and again when it comes back', () => {
    const { report, lines } = begin();
    const noted = pass(unchanged);
    const plan = { ...planWith([]), notes: ['drained/x is ignored: remove it'] };
    report({ ...noted, plan });
    report({ ...noted, plan });
    expect(lines()).toEqual(['warn note: drained/x is ignored: remove it']);
    report(noted);
    report({ ...noted, plan });
    expect(lines()).toEqual(['warn note: drained/x is ignored: remove it']);
  });

  test('of another container or label is another one', () => {
    const { report, lines } = begin();
    report(
      pass(unchanged, {}, [
        problem(),
        problem({ containerId: '2', container: 'shop-app-2' }),
        problem({ label: 'lb.x', effect: 'ignored', message: 'lb.x is not a label of lbwatch' }),
      ]),
    );
    expect(lines()).toEqual([
      told,
      told.replace('app-1', 'app-2'),
      'warn problem: shop-app-1: lb.x is not a label of lbwatch (the label is ignored)',
    ]);
  });

  test('is neither told nor gone in a pass that came to know nothing', () => {
    const { report, lines } = begin();
    report(pass(unchanged, {}, [problem()]));
    lines();
    report(pass(unavailable('no engine'), { plan: undefined }));
    report(pass(unchanged, {}, [problem()]));
    expect(lines().filter((line) => line.includes('problem'))).toEqual([]);
  });

  test('is told in a pass that fails', () => {
    const { report, lines } = begin();
    report(pass({ kind: 'rejected', message: 'no' }, {}, [problem()]));
    expect(lines()[0]).toBe(told);
  });
});

describe('a failure', () => {
  const away = unavailable('no engine');

  test('is told at once, after a second, ten, a minute, five, fifteen, and every hour', async () => {
    const { clock, report, lines } = begin();
    const toldAtS: number[] = [];
    for (let second = 0; second < 4 * 3600; second += 1) {
      report(pass(away));
      if (lines().length > 0) toldAtS.push(second);
      await clock.advance(1000);
    }
    expect(toldAtS).toEqual([0, 1, 11, 71, 371, 1271, 1271 + 3600, 1271 + 7200, 1271 + 10_800]);
  });

  test('two reasons in turn are told like one, each once at the start', async () => {
    const { clock, report, lines } = begin();
    for (let second = 0; second < 3600; second += 1) {
      report(pass(unavailable(second % 2 === 0 ? 'no engine' : 'no nginx')));
      await clock.advance(1000);
    }
    expect(lines().length).toBeLessThanOrEqual(7);
  });

  test('a reason that is another each time does not flood the log', async () => {
    const { clock, report, lines } = begin();
    for (let second = 0; second < 24 * 3600; second += 10) {
      report(pass(unavailable(`request ${String(second)} failed`)));
      await clock.advance(10_000);
    }
    expect(lines().length).toBeLessThan(24 * 20);
  });

  test('has a line of its own for each kind, and says since when what nginx runs is stale', async () => {
    const { clock, report, lines } = begin();
    report(pass(unavailable('no container is nginx')));
    await clock.advance(61_000);
    report(pass(unavailable('no container is nginx')));
    report(pass({ kind: 'rejected', message: 'unknown directive "x" in /etc/nginx/nginx.conf:3' }));
    report(pass({ kind: 'rolledBack', message: 'nginx did not answer within 10 s' }));
    // From the event that the first of these passes was for.
    const stale = `(stale since ${new Date(clock.startUnixMs - 42).toISOString()}, for 1 min 1 s)`;
    expect(lines()).toEqual([
      'warn waiting: no container is nginx',
      `warn waiting: no container is nginx ${stale}`,
      `error nginx refuses the configuration; the running one stays: unknown directive "x" in /etc/nginx/nginx.conf:3 ${stale}`,
      `error reload failed: nginx did not answer within 10 s ${stale}`,
    ]);
  });

  test('ends with one line that says how long it lasted, also where its reason changed meanwhile', async () => {
    const { clock, report, lines } = begin();
    report(pass(unavailable('no engine')));
    await clock.advance(30_000);
    report(pass(unavailable('no nginx')));
    await clock.advance(35_000);
    lines();
    report(pass(unchanged));
    report(pass(unchanged));
    expect(lines()).toEqual(['info in step: what failed for 1 min 5 s works again']);
  });

  test('a wall clock that jumps makes no trouble longer, or shorter than nothing', async () => {
    for (const jumpMs of [-7_200_000, 7_200_000]) {
      const { clock, report, lines } = begin();
      report(pass(away));
      clock.jump(jumpMs);
      await clock.advance(5000);
      lines();
      report(pass(away));
      expect(lines()).toEqual([
        `warn waiting: no engine (stale since ${new Date(clock.startUnixMs + jumpMs - 42).toISOString()}, for 5 s)`,
      ]);
      report(pass(unchanged));
      expect(lines()).toEqual(['info in step: what failed for 5 s works again']);
    }
  });

  test('that comes again is told anew', () => {
    const { report, lines } = begin();
    report(pass(unavailable('no nginx')));
    report(pass(applied, { changes: [change] }));
    lines();
    report(pass(unavailable('no nginx')));
    expect(lines()).toEqual(['warn waiting: no nginx']);
  });

  test('recovery is told before the change that came with it', () => {
    const { report, lines } = begin();
    report(pass(unavailable('no nginx')));
    report(pass(applied, { changes: [change] }));
    expect(lines().map((line) => line.split(':')[0])).toEqual(['warn waiting', 'info in step', 'info pool changed']);
  });
});

describe('everything else', () => {
  test('an nginx that is left to its master from now on, with the change that came with it', () => {
    const { report, lines } = begin();
    const handoverOff = ['lbwatch may not signal the workers of shop-nginx-1'];
    report(pass({ ...applied, handoverOff }, { changes: [change] }));
    expect(lines()).toEqual([
      'warn early handover is off: lbwatch may not signal the workers of shop-nginx-1',
      expect.stringMatching(/^info pool changed: app/),
    ]);
  });

  test('the start, the end, and a bug with its stack', () => {
    const { report, lines } = begin();
    report({ kind: 'started', details: { nginx: 'shop-nginx-1', dir: '/etc/nginx/lbwatch' } });
    report({ kind: 'bug', error: new TypeError('nginx number NaN cannot be written') });
    report({ kind: 'stopped' });
    const [started, bug, stopped] = lines();
    expect(started).toBe('info lbwatch started nginx=shop-nginx-1 dir=/etc/nginx/lbwatch');
    expect(bug).toMatch(
      /^error a bug of lbwatch: the pass failed and will be tried again\nTypeError: nginx number NaN .*\n {4}at /,
    );
    expect(stopped).toBe('info lbwatch stopped; nginx goes on serving');
  });

  test('a bug that comes back with every try is told seldom, another one at once, and after a pass anew', async () => {
    const { clock, report, lines } = begin();
    const bug = (message: string): void => {
      report({ kind: 'bug', error: new Error(message) });
    };
    const first = (): readonly string[] => lines().map((line) => line.split('\n')[1] ?? '');
    for (let tries = 0; tries < 360; tries += 1) {
      bug('one');
      await clock.advance(10_000);
    }
    // Of an hour: at once, after 1 s (which is the next try), 10 s, 1 min, 5 min, 15 min.
    expect(first().length).toBeLessThan(10);
    bug('another');
    expect(first()).toEqual(['Error: another']);
    report(pass(unchanged));
    bug('one');
    expect(first()).toEqual(['Error: one']);
  });

  test('a cut stream is told once, then seldom, and when it is up again', async () => {
    const { clock, report, lines } = begin();
    const cut = (why: string): void => {
      report({ kind: 'cut', why, retryMs: 250, silentMs: 0 });
    };
    report({ kind: 'watching' });
    report(pass(unchanged));
    await clock.advance(60_000);
    cut('socket hang up');
    await clock.advance(250);
    cut('ENOENT');
    await clock.advance(1000);
    cut('ENOENT');
    await clock.advance(3750);
    report({ kind: 'watching' });
    await clock.advance(60_000);
    cut('socket hang up');
    const since = new Date(clock.startUnixMs + 60_000).toISOString();
    expect(lines()).toEqual([
      'info watching the engine',
      'warn event stream lost: socket hang up',
      `warn event stream lost: ENOENT (stale since ${since}, for 1 s)`,
      'info watching the engine again: after 5 s',
      'warn event stream lost: socket hang up',
    ]);
  });

  test('of several engines each has its own lines, by its name', async () => {
    const { clock, report, lines } = begin();
    const cut = (engine: string, why: string): void => {
      report({ kind: 'cut', engine, why, retryMs: 250, silentMs: 0 });
    };
    report({ kind: 'watching', engine: 'near' });
    report({ kind: 'watching', engine: 'far' });
    report(pass(unchanged));
    await clock.advance(60_000);
    cut('far', 'socket hang up');
    await clock.advance(1000);
    cut('far', 'ENOENT');
    cut('near', 'reset');
    await clock.advance(4000);
    report({ kind: 'watching', engine: 'far' });
    expect(lines()).toEqual([
      'info watching the engine: near',
      'info watching the engine: far',
      'warn event stream lost: far: socket hang up',
      'warn event stream lost: far: ENOENT (for 1 s)',
      'warn event stream lost: near: reset',
      'info watching the engine again: far: after 5 s',
    ]);
  });

  test('a stream that is accepted and ended again and again does not flood the log', async () => {
    const { clock, report, lines } = begin();
    for (let minute = 0; minute < 24 * 60; minute += 1) {
      for (let times = 0; times < 6; times += 1) {
        report({ kind: 'watching' });
        report(pass(unchanged, { beganMs: clock.nowMs() }));
        report({ kind: 'cut', why: 'the engine closed it', retryMs: 10_000, silentMs: 0 });
        await clock.advance(10_000);
      }
    }
    expect(lines().length).toBeLessThan(2 * 30);
  });

  test('where passes fail as well, the lines of those are enough', async () => {
    const { clock, report, lines } = begin();
    for (let second = 0; second < 3600; second += 1) {
      report({ kind: 'cut', why: 'ENOENT', retryMs: 1000, silentMs: 0 });
      report(pass(unavailable('cannot list containers: ENOENT')));
      await clock.advance(1000);
    }
    expect(lines().filter((line) => line.includes('event stream lost'))).toHaveLength(1);
  });
});
