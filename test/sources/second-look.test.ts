import { expect, test } from '@jest/globals';

import type { Container } from '../../src/core/model.ts';
import type { Mark } from '../../src/loop/dirty.ts';
import { AppError } from '../../src/loop/ports.ts';
import { SecondLook } from '../../src/sources/second-look.ts';
import { container } from '../support/container.ts';
import { FakeClock } from '../support/fake-clock.ts';

test('who is gone leaves at once; who still runs is looked at with the next pass', async () => {
  const { look, marks } = start({ a: container({ id: 'a' }) });
  look.take('a');
  look.take('b');
  await settled();
  expect(marks.map(({ stale, isUrgent }) => [stale, isUrgent])).toEqual([
    [new Set(['a']), false],
    [new Set(['b']), true],
  ]);
});

test('one at a time, and each once', async () => {
  const { look, asked } = start({});
  for (const id of ['a', 'b', 'a', 'b', 'b']) look.take(id);
  await settled();
  expect(asked).toEqual(['a', 'b', 'a']);
});

test('an engine that does not answer is asked for nobody else, and again at the next failure', async () => {
  const { look, marks, asked, engine } = start({});
  engine.isAway = true;
  for (const id of ['a', 'b', 'c']) look.take(id);
  await settled();
  expect(asked).toEqual(['a']);
  expect(marks).toEqual([]);
  engine.isAway = false;
  look.take('b');
  await settled();
  expect(marks.map(({ stale }) => stale)).toEqual([new Set(['b'])]);
});

function start(containers: Readonly<Record<string, Container>>) {
  const marks: Mark[] = [];
  const asked: string[] = [];
  const engine = {
    isAway: false,
    inspectContainers: (ids: readonly string[]): Promise<readonly Container[]> => {
      asked.push(...ids);
      if (engine.isAway) return Promise.reject(new AppError('engine', 'nobody answers'));
      return Promise.resolve(ids.flatMap((id) => containers[id] ?? []));
    },
  };
  const look = new SecondLook(engine, (mark) => marks.push(mark), new FakeClock());
  return { look, marks, asked, engine };
}

/** All promises that are settled by now have been followed. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
