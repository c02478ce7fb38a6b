import { Writable } from 'node:stream';

import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';

import { AppError } from '../../src/loop/ports.ts';
import type { EventStream, Report, Subscription } from '../../src/loop/ports.ts';
import { Staleness } from '../../src/loop/staleness.ts';
import { renderLine } from '../../src/report/line.ts';
import { logTo } from '../../src/report/log.ts';
import { Teller } from '../../src/report/teller.ts';
import { watchEvents } from '../../src/sources/docker-events.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startController } from '../support/memory-controller.ts';
import '../support/native-errors.ts';

const weekMs = 7 * 24 * 3_600_000;
const away = new AppError('engine', 'cannot list containers: there is no Docker socket');
const readOnly = new AppError('files', 'cannot write upstreams.conf: EROFS');

/** The longest pause between two attempts, in seconds, and so many lines of the log a week at most. */
const mostLines = 400;

describe('a week', () => {
  test('without an engine: attempts go on every second, and the first answer restores the truth', async () => {
    const lab = start();
    lab.world.failure = away;
    await lab.clock.advance(weekMs);
    const inAWeek = weekMs / 1000;
    expect(lab.listed.length).toBeGreaterThan(0.99 * inAWeek);
    expect(lab.listed.length).toBeLessThan(1.01 * inAWeek);
    expect(lab.stream.tries).toBeGreaterThan(0.99 * inAWeek);
    expect(lab.stream.tries).toBeLessThan(1.01 * inAWeek);
    expect(lab.mostTimers()).toBeLessThan(5);
    expect(lab.lines.length).toBeLessThan(mostLines);
    expect(lab.lines.at(-1)).toContain(`stale since ${new Date(lab.clock.startUnixMs).toISOString()}, for 6 d 23 h`);
    expect(lab.staleness.ageMs).toBe(weekMs);
    // The schedule, not the machine, decides how soon it is noticed.
    const awayUntilMs = lab.clock.nowMs();
    lab.world.failure = undefined;
    lab.stream.isUp = true;
    await lab.clock.advance(1000);
    expect(lab.passes().at(-1)).toMatch(/(?:applied|unchanged)$/);
    expect(lab.staleness.ageMs).toBeUndefined();
    expect(lab.freshMs()).toBeLessThanOrEqual(awayUntilMs + 1000);
    expect(lab.lines).toContain('in step: what failed for 7 d works again');
    await lab.end();
  }, 120_000);

  test.each([
    ['no nginx', 'nginx', { missing: 'nginx does not run', failure: undefined, disk: undefined }],
    ['a read-only directory', 'files', { missing: undefined, failure: undefined, disk: readOnly }],
  ] as const)(
    'with %s: attempts go on every ten seconds',
    async (_, what, trouble) => {
      const lab = start();
      lab.stream.isUp = true;
      Object.assign(lab.world, trouble);
      await lab.clock.advance(weekMs);
      expect(lab.lastOutcome()).toMatchObject({ kind: 'unavailable', what });
      expect(lab.listed.length).toBeGreaterThan(0.99 * (weekMs / 10_000));
      expect(lab.listed.length).toBeLessThan(1.01 * (weekMs / 10_000));
      expect(lab.mostTimers()).toBeLessThan(5);
      expect(lab.lines.length).toBeLessThan(mostLines);
      Object.assign(lab.world, { missing: undefined, disk: undefined });
      await lab.clock.advance(10_000);
      expect(lab.staleness.ageMs).toBeUndefined();
      await lab.end();
    },
    120_000,
  );
});

/** The controller, its event stream and its log, as `lbwatch run` puts them together. */
function start() {
  const clock = new FakeClock();
  const staleness = new Staleness(clock);
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const record: unknown = JSON.parse(chunk.toString());
      lines.push(renderLine(typeof record === 'object' && record !== null ? { ...record } : {}));
      done();
    },
  });
  const log = new Teller(logTo(pino({ base: null, timestamp: false }, sink)), clock, staleness);
  let freshMs = 0;
  let mostTimers = 0;
  const reporter = {
    report(report: Report): void {
      staleness.note(report);
      log.report(report);
      if (staleness.ageMs === undefined) freshMs = clock.nowMs();
      mostTimers = Math.max(mostTimers, clock.pending);
    },
  };
  const { controller, world, listed, lifecycle, passes } = startController(clock, reporter);
  const stream = new Stream();
  const stopping = new AbortController();
  const watching = watchEvents(
    stream,
    lifecycle,
    (mark) => {
      controller.mark(mark);
    },
    clock,
    reporter,
    stopping.signal,
  );
  controller.markAll('start');
  return {
    clock,
    staleness,
    lines,
    world,
    listed,
    passes,
    stream,
    freshMs: () => freshMs,
    mostTimers: () => mostTimers,
    lastOutcome: () => controller.lastOutcome,
    async end(): Promise<void> {
      stopping.abort();
      await clock.until(Promise.all([watching, controller.stop()]));
      expect(clock.pending).toBe(0);
    },
  };
}

/** Is there or not. */
class Stream implements EventStream {
  isUp = false;
  tries = 0;

  subscribe({ onOpen, signal }: Subscription): Promise<void> {
    this.tries += 1;
    if (!this.isUp) return Promise.reject(away);
    onOpen();
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(new Error('aborted'));
      });
    });
  }
}
