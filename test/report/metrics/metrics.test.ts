import { describe, expect, test } from '@jest/globals';

import type { Container } from '../../../src/core/model.ts';
import { engineCallResults, engineCalls } from '../../../src/loop/ports.ts';
import { Staleness } from '../../../src/loop/staleness.ts';
import { Metrics } from '../../../src/report/metrics/metrics.ts';
import { circumstances } from '../../support/circumstances.ts';
import { container } from '../../support/container.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeTarget } from '../../support/fake-target.ts';
import { readFamilies, readSeries } from '../../support/metrics-text.ts';
import { pass, planOf, wantedDigest } from '../../support/pass.ts';
import type { Pass } from '../../support/pass.ts';

const applied = { kind: 'applied', reloaded: ['nginx'], generations: 0 } as const;

function start() {
  const clock = new FakeClock();
  const staleness = new Staleness(clock);
  const metrics = new Metrics('1.2.3', clock, staleness);
  const report = (...reports: readonly Parameters<Metrics['report']>[0][]): void => {
    for (const one of reports) {
      staleness.note(one);
      metrics.report(one);
    }
  };
  const value = async (series: string): Promise<number | undefined> => readSeries(await metrics.text()).get(series);
  return { clock, metrics, report, value };
}

describe('at the start', () => {
  test('all that can be counted is there, at zero', async () => {
    const series = readSeries(await start().metrics.text());
    const zeros = [...series].filter(([, value]) => value === 0).map(([name]) => name);
    expect(zeros).toEqual(
      expect.arrayContaining([
        ...['unchanged', 'applied', 'rejected', 'rolledBack', 'unavailable', 'bug'].map(
          (outcome) => `lbwatch_passes_total{outcome="${outcome}"}`,
        ),
        ...engineCalls.flatMap((call) =>
          engineCallResults.map((result) => `lbwatch_engine_calls_total{call="${call}",result="${result}"}`),
        ),
        'lbwatch_event_to_acknowledged_seconds_bucket{le="0.005"}',
        'lbwatch_event_to_acknowledged_seconds_bucket{le="10"}',
        'lbwatch_event_to_acknowledged_seconds_count',
        'lbwatch_stage_duration_seconds_count{stage="acknowledged"}',
        'lbwatch_problems{effect="out"}',
        'lbwatch_event_stream_up',
        'lbwatch_event_stream_reconnects_total',
        'lbwatch_event_stream_failures_total',
        'lbwatch_last_success_timestamp_seconds',
        'lbwatch_ready',
      ]),
    );
    expect(series.get(`lbwatch_build_info{version="1.2.3",node_version="${process.versions.node}"}`)).toBe(1);
  });

  test('and the process itself, as its kernel sees it', async () => {
    const { value } = start();
    expect(await value('process_resident_memory_bytes')).toBeGreaterThan(20 * 1024 * 1024);
    expect(await value('process_cpu_seconds_total')).toBeGreaterThan(0.01);
    expect(await value('process_open_fds')).toBeGreaterThan(2);
    expect(await value('process_max_fds')).toBeGreaterThan(100);
    const begunS = (await value('process_start_time_seconds')) ?? 0;
    expect(Math.abs(begunS - (Date.now() / 1000 - process.uptime()))).toBeLessThan(2);
  });
});

describe('passes', () => {
  test('are counted by how they ended', async () => {
    const { report, value } = start();
    const rejected = { kind: 'rejected', message: 'no' } as const;
    report(pass({ outcome: rejected }), pass({ outcome: rejected }), pass(), { kind: 'bug', error: new Error('x') });
    expect(await value('lbwatch_passes_total{outcome="rejected"}')).toBe(2);
    expect(await value('lbwatch_passes_total{outcome="unchanged"}')).toBe(1);
    expect(await value('lbwatch_passes_total{outcome="bug"}')).toBe(1);
    expect(await value('lbwatch_passes_total{outcome="applied"}')).toBe(0);
  });

  test('that reloaded tell how long it took, and where', async () => {
    const { report, value } = start();
    const stages = { received: 2, begun: 4, inspected: 9, signalled: 30, acknowledged: 40 };
    report(pass({ outcome: applied, sinceEventMs: 40, stages }));
    expect(await value('lbwatch_event_to_acknowledged_seconds_bucket{le="0.025"}')).toBe(0);
    expect(await value('lbwatch_event_to_acknowledged_seconds_bucket{le="0.05"}')).toBe(1);
    expect(await value('lbwatch_event_to_acknowledged_seconds_sum')).toBeCloseTo(0.04);
    const of = (stage: string) => value(`lbwatch_stage_duration_seconds_sum{stage="${stage}"}`);
    expect(await of('received')).toBeCloseTo(0.002);
    expect(await of('inspected')).toBeCloseTo(0.005);
    expect(await of('rendered')).toBe(0);
    // It came past no stage between.
    expect(await of('signalled')).toBeCloseTo(0.021);
    expect(await of('acknowledged')).toBeCloseTo(0.01);
  });

  test.each<[string, Partial<Pass>]>([
    ['the first one, of which nobody knows when its cause was', { outcome: applied, isFirst: true }],
    ['one that only put the file back', { outcome: { ...applied, reloaded: [] } }],
    ['one that changed nothing', {}],
    ['one that failed', { outcome: { kind: 'rolledBack', message: 'no' } }],
  ])('%s tells no time', async (_, different) => {
    const { report, value } = start();
    report(pass({ sinceEventMs: 5, stages: { received: 1 }, ...different }));
    expect(await value('lbwatch_event_to_acknowledged_seconds_count')).toBe(0);
    expect(await value('lbwatch_stage_duration_seconds_count{stage="received"}')).toBe(0);
  });

  test('when the last one was good, and for how long nginx may be stale', async () => {
    const { clock, report, value } = start();
    await clock.advance(3000);
    expect([await value('lbwatch_ready'), await value('lbwatch_stale_seconds')]).toEqual([0, 3]);
    report({ kind: 'watching' }, pass({ beganMs: 3000 }));
    expect([await value('lbwatch_ready'), await value('lbwatch_stale_seconds')]).toEqual([1, 0]);
    await clock.advance(5000);
    report(pass({ outcome: { kind: 'unavailable', what: 'engine', message: 'gone' }, sinceEventMs: 1000 }));
    expect(await value('lbwatch_last_success_timestamp_seconds')).toBe(clock.startUnixMs / 1000 + 3);
    expect([await value('lbwatch_ready'), await value('lbwatch_stale_seconds')]).toEqual([0, 1]);
  });
});

describe('pools', () => {
  const app = (name: string, different: Partial<Container> = {}): Container =>
    container({ name, labels: { 'lb.pool': 'app' }, ...different });

  test('members by role and state, each state of each pool', async () => {
    const { report, metrics } = start();
    const containers = [
      app('one'),
      app('two'),
      app('three', { health: 'starting' }),
      app('four', { health: 'unhealthy' }),
      app('five', { state: 'exited' }),
      app('six', { state: 'paused' }),
      app('seven', { labels: { 'lb.backup': 'app' } }),
      app('eight', { labels: { 'lb.backup': 'other' } }),
      app('nine', { labels: { 'lb.pool': 'App' }, createdAt: 1_800_000_000 }),
      container({ name: 'nobody' }),
    ];
    report(pass({ plan: planOf(containers) }));
    const series = readSeries(await metrics.text());
    const of = (pool: string): Record<string, number> =>
      Object.fromEntries(
        [...series].flatMap(([name, value]) => {
          const [, role, state] =
            new RegExp(`^lbwatch_pool_members\\{pool="${pool}",role="(\\w+)",state="(\\w+)"\\}$`).exec(name) ?? [];
          return role === undefined || state === undefined ? [] : [[`${role} ${state}`, value]];
        }),
      );
    expect(of('app')).toEqual({
      'primary ready': 2,
      'primary starting': 1,
      'primary draining': 1,
      'primary unhealthy': 1,
      // The one that has ended, and the one that writes the name otherwise.
      'primary out': 2,
      'backup serving': 0,
      'backup standby': 1,
      'backup starting': 0,
      'backup draining': 0,
      'backup unhealthy': 0,
      'backup out': 0,
    });
    expect(of('other')).toMatchObject({ 'backup serving': 1, 'primary ready': 0 });
    expect(series.get('lbwatch_pool_servers{pool="app"}')).toBe(2);
    expect(series.get('lbwatch_pool_servers{pool="other"}')).toBe(1);
    expect(series.get('lbwatch_containers')).toBe(10);
    expect(series.get('lbwatch_problems{effect="out"}')).toBe(1);
    expect([...series.keys()].some((name) => name.includes('"App"'))).toBe(false);
  });

  test('a pool with nobody in it is there; a pool that is gone is not', async () => {
    const { report, value } = start();
    report(pass({ plan: planOf([app('one')], [], { declaredPools: ['empty'] }) }));
    expect(await value('lbwatch_pool_servers{pool="empty"}')).toBe(0);
    expect(await value('lbwatch_pool_members{pool="empty",role="primary",state="ready"}')).toBe(0);
    report(pass({ plan: planOf([]) }));
    expect(await value('lbwatch_pool_servers{pool="app"}')).toBeUndefined();
    expect(await value('lbwatch_pool_members{pool="app",role="primary",state="ready"}')).toBeUndefined();
  });

  test('however many pools labels ask for, their number is bounded', async () => {
    const { report, metrics } = start();
    const containers = Array.from({ length: 1200 }, (_, number) => {
      const pool = `pool${String(number)}`;
      return container({ name: pool, createdAt: number, labels: { 'lb.pool': pool } });
    });
    report(pass({ plan: planOf(containers) }));
    const names = [...readSeries(await metrics.text()).keys()];
    expect(names.filter((name) => name.startsWith('lbwatch_pool_servers'))).toHaveLength(1000);
    expect(names.filter((name) => name.startsWith('lbwatch_pool_members'))).toHaveLength(11_000);
  });

  test('members by node, each once, and nothing where there are no nodes', async () => {
    const { report, metrics, value } = start();
    const nodes = async (): Promise<Readonly<Record<string, number>>> => {
      const found = [...readSeries(await metrics.text())].flatMap(([name, number]) => {
        const node = /^lbwatch_node_members\{node="(.*)"\}$/.exec(name)?.[1];
        return node === undefined ? [] : [[node, number] as const];
      });
      return Object.fromEntries(found);
    };
    report(pass({ plan: planOf([app('one')]) }));
    expect(await nodes()).toEqual({});
    report(
      pass({
        plan: planOf([
          app('one', { node: 'a' }),
          app('two', { node: 'a', labels: { 'lb.pool': 'app, other' } }),
          app('three', { node: 'b', state: 'exited' }),
          // Stands by: it makes no node of its own.
          app('four', { node: 'c', labels: { 'lb.backup': 'app' } }),
          // Serves, since no primary of its pool can.
          app('five', { node: 'd', labels: { 'lb.backup': 'rest' } }),
          container({ name: 'database', node: 'e' }),
          app('six'),
        ]),
      }),
    );
    expect(await nodes()).toEqual({ a: 2, b: 0, d: 1 });
    expect(await value('lbwatch_pool_servers{pool="app"}')).toBe(3);
    report(pass({ plan: planOf([app('one', { node: 'b' })]) }));
    expect(await nodes()).toEqual({ b: 1 });
  });

  test('what a failed pass does not know stays as it was', async () => {
    const { report, value } = start();
    report(pass({ plan: planOf([app('one')]) }), pass({ plan: undefined }));
    expect(await value('lbwatch_pool_servers{pool="app"}')).toBe(1);
  });
});

describe('nginx', () => {
  const connections = { accepts: 7, handled: 6, requests: 20, reading: 1, writing: 2, waiting: 3 };

  test('is asked when somebody looks', async () => {
    const { report, metrics } = start();
    const good = new FakeTarget({ name: 'good', digest: () => wantedDigest, connections: () => connections });
    const behind = new FakeTarget({ name: 'behind', digest: () => 'another' });
    const silent = new FakeTarget({ name: 'silent' });
    report(pass({ plan: planOf([], [good, behind, silent]) }));
    expect(good.asked).toBe(0);
    const series = readSeries(await metrics.text());
    expect(good.asked).toBe(1);
    const of = (name: string, ...nginx: readonly string[]) => nginx.map((one) => series.get(`${name}{nginx="${one}"}`));
    expect(of('lbwatch_nginx_up', 'good', 'behind', 'silent')).toEqual([1, 1, 0]);
    expect(of('lbwatch_nginx_in_step', 'good', 'behind', 'silent')).toEqual([1, 0, 0]);
    expect(of('lbwatch_nginx_connections_accepted_total', 'good', 'behind')).toEqual([7, undefined]);
    expect(of('lbwatch_nginx_connections_handled_total', 'good')).toEqual([6]);
    expect(of('lbwatch_nginx_requests_total', 'good')).toEqual([20]);
    expect(series.get('lbwatch_nginx_connections{nginx="good",state="waiting"}')).toBe(3);
    expect(series.get('lbwatch_nginx_info{nginx="good",version="1.26.3"}')).toBe(1);
  });

  test('is not asked for counters that it was built without', async () => {
    const { report, metrics } = start();
    const build = { ...circumstances.build, stubStatus: false };
    const target = new FakeTarget({ digest: () => wantedDigest, connections: () => connections });
    report(pass({ plan: planOf([], [target], { build }) }));
    expect(await metrics.text()).not.toMatch(/^lbwatch_nginx_(?:connections|requests).*\{/m);
  });

  test('whoever looks meanwhile is told the same, and nginx is asked once', async () => {
    const { report, metrics } = start();
    const target = new FakeTarget({ digest: () => wantedDigest });
    report(pass({ plan: planOf([], [target]) }));
    const [one, other] = await Promise.all([metrics.text(), metrics.text()]);
    expect(one).toBe(other);
    expect(target.asked).toBe(1);
    await metrics.text();
    expect(target.asked).toBe(2);
  });

  test('reloads of each, from zero, and none of those that are gone', async () => {
    const { report, value } = start();
    const [first, second] = [new FakeTarget({ name: 'first' }), new FakeTarget({ name: 'second' })];
    report(pass({ plan: planOf([], [first, second]), outcome: { ...applied, reloaded: ['first'] } }));
    expect(await value('lbwatch_reloads_total{nginx="first"}')).toBe(1);
    expect(await value('lbwatch_reloads_total{nginx="second"}')).toBe(0);
    report(pass({ plan: planOf([], [second]), outcome: { ...applied, reloaded: ['second'] } }));
    expect(await value('lbwatch_reloads_total{nginx="first"}')).toBeUndefined();
    expect(await value('lbwatch_nginx_up{nginx="first"}')).toBeUndefined();
    expect(await value('lbwatch_reloads_total{nginx="second"}')).toBe(1);
  });
});

test('the event stream: up, down, and how often it came back', async () => {
  const { report, value } = start();
  const cut = { kind: 'cut', why: 'x', retryMs: 1, silentMs: 1 } as const;
  report(cut, { kind: 'watching' });
  expect(await value('lbwatch_event_stream_up')).toBe(1);
  expect(await value('lbwatch_event_stream_reconnects_total')).toBe(0);
  report(cut, cut);
  expect(await value('lbwatch_event_stream_up')).toBe(0);
  report({ kind: 'watching' });
  expect(await value('lbwatch_event_stream_reconnects_total')).toBe(1);
  expect(await value('lbwatch_event_stream_failures_total')).toBe(3);
});

test('calls to the engine', async () => {
  const { metrics, value } = start();
  metrics.noteCall('inspect', 'ok');
  metrics.noteCall('inspect', 'ok');
  metrics.noteCall('list', 'timeout');
  expect(await value('lbwatch_engine_calls_total{call="inspect",result="ok"}')).toBe(2);
  expect(await value('lbwatch_engine_calls_total{call="list",result="timeout"}')).toBe(1);
});

test('names: a prefix, and units where there are any', async () => {
  for (const { name, type } of readFamilies(await start().metrics.text())) {
    expect(name).toMatch(/^(?:lbwatch|process|nodejs)_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
  }
});
