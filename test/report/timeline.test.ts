import { describe, expect, test } from '@jest/globals';

import { Timeline, mostEvents } from '../../src/report/timeline.ts';
import { container } from '../support/container.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { StatusLab } from '../support/status-lab.ts';
import type { Outcome } from '../../src/loop/outcome.ts';

const reloaded: Outcome = { kind: 'applied', reloaded: ['shop-nginx-1'], generations: 0 };
const app = (number: number): ReturnType<typeof container> =>
  container({
    name: `shop-app-${String(number)}`,
    labels: { 'lb.pool': 'app' },
    attachments: [{ network: 'shop_default', address: `10.0.0.${String(number)}` }],
  });

describe('the timeline', () => {
  test('keeps the last events, with ids that rise by one', () => {
    const clock = new FakeClock();
    const timeline = new Timeline(clock);
    for (let number = 0; number < mostEvents + 7; number += 1) {
      timeline.note({
        level: 'warn',
        message: 'note',
        details: { line: `m${String(number)}` },
        event: { kind: 'reload' },
      });
    }
    const events = timeline.after(0);
    expect(events).toHaveLength(mostEvents);
    expect(events[0]?.text).toBe('note: m7');
    expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => (events[0]?.id ?? 0) + index));
    expect(timeline.after(events[3]?.id ?? 0)).toEqual(events.slice(4));
    expect(timeline.after(events.at(-1)?.id ?? 0)).toEqual([]);
  });

  test('of a controller that was started later has greater ids; one that no event had yet means all', async () => {
    const clock = new FakeClock();
    const note = (timeline: Timeline): number => {
      timeline.note({ level: 'warn', message: 'note', event: { kind: 'reload' } });
      return timeline.after(0)[0]?.id ?? 0;
    };
    const first = note(new Timeline(clock));
    await clock.advance(10);
    const timeline = new Timeline(clock);
    const second = note(timeline);
    expect(second).toBeGreaterThan(first);
    expect(timeline.after(first)).toHaveLength(1);
    expect(timeline.after(second + 1000)).toHaveLength(1);
  });

  test('one name that joins on two machines is not about one container', () => {
    const on = (node: string, number: number) => ({ ...app(number), name: 'app', id: node, node });
    const lab = new StatusLab();
    lab.pass([]);
    lab.pass([on('worker-1', 2)], { outcome: reloaded });
    lab.pass([on('worker-1', 3)], { outcome: reloaded });
    lab.pass([], { outcome: reloaded });
    lab.pass([on('worker-1', 2), on('worker-2', 3)], { outcome: reloaded });
    expect(lab.timeline.after(0).map(({ kind, container: who }) => [kind, who])).toEqual([
      ['joined', 'app'],
      ['changed', 'app'],
      ['left', 'app'],
      ['joined', undefined],
    ]);
  });

  test('tells what the log tells, and what is in it, with its reload', () => {
    const lab = new StatusLab();
    lab.report({ kind: 'started', details: { version: '1.2.3' } });
    lab.report({ kind: 'watching' });
    lab.pass([app(2)]);
    lab.pass([app(2), app(3)], { outcome: reloaded, stages: { begun: 1, acknowledged: 40 } });
    lab.pass([app(2)], { outcome: reloaded });
    lab.pass([app(4)], { outcome: reloaded });
    lab.pass([app(4)], { outcome: reloaded });
    const events = lab.timeline.after(0);
    expect(events.map(({ kind, pool, container: who }) => [kind, pool, who])).toEqual([
      ['started', undefined, undefined],
      ['stream up', undefined, undefined],
      ['started', 'app', undefined],
      ['joined', 'app', 'shop-app-3'],
      ['left', 'app', 'shop-app-3'],
      ['changed', 'app', undefined],
      ['reload', undefined, undefined],
    ]);
    expect(events[3]).toEqual({
      id: expect.any(Number),
      at: new Date(lab.clock.startUnixMs).toISOString(),
      kind: 'joined',
      pool: 'app',
      container: 'shop-app-3',
      text: 'pool changed: app + shop-app-3 10.0.0.3:8000 (running); now 2 primaries and 0 backups; acknowledged 42 ms after the event',
      sinceEventMs: 41.7,
      stages: { begun: 1, acknowledged: 40 },
      nginx: ['shop-nginx-1'],
    });
    expect(events[2]?.text).toBe('pool in step: app has 1 primary and 0 backups: shop-app-2');
  });

  test('has failures, problems and the stream; no stack, and no line of somebody else', () => {
    const lab = new StatusLab();
    const wrong = container({ name: 'a\nb', labels: { 'lb.pool': 'app', 'lb.weight': 'x' } });
    lab.pass([wrong], { outcome: { kind: 'rejected', message: 'unknown directive "x"' }, notes: ['careful'] });
    lab.report({ kind: 'bug', error: new TypeError('NaN') });
    lab.report({ kind: 'cut', why: 'hang up', retryMs: 1, silentMs: 0 });
    lab.report({ kind: 'watching' });
    lab.pass([]);
    const events = lab.timeline.after(0);
    expect(events.map(({ kind }) => kind)).toEqual([
      'problem',
      'problem',
      'failure',
      'failure',
      'stream lost',
      'stream up',
      'problem gone',
      'recovered',
    ]);
    expect(events[0]).toMatchObject({
      container: 'a\nb',
      text: expect.stringMatching(/^problem: a\\u\{a\}b: lb\.weight/),
    });
    expect(events[3]?.text).toBe('a bug of lbwatch: the pass failed and will be tried again');
    for (const { text } of events) expect(text).not.toContain('\n');
  });
});
