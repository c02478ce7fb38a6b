import { expect, test } from '@jest/globals';

import { Stopwatch } from '../../src/loop/stopwatch.ts';
import { FakeClock } from '../support/fake-clock.ts';

test('tells when a pass came past its stages, counted from the event', async () => {
  const clock = new FakeClock();
  await clock.advance(1000);
  const stopwatch = new Stopwatch(clock, clock.nowMs() - 7);
  stopwatch.note('received', clock.nowMs() - 5);
  await clock.advance(3);
  stopwatch.note('signalled');
  expect(stopwatch.stages).toEqual({ received: 2, signalled: 10 });
});

test('of several nginx, the last one counts', async () => {
  const clock = new FakeClock();
  const stopwatch = new Stopwatch(clock, clock.nowMs());
  stopwatch.note('acknowledged');
  await clock.advance(4);
  stopwatch.note('acknowledged');
  expect(stopwatch.stages).toEqual({ acknowledged: 4 });
});
