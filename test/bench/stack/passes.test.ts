import { expect, test } from '@jest/globals';

import { findStages, readPasses } from './passes.ts';

const line = {
  level: 20,
  time: '2026-11-25T01:48:10.030Z',
  outcome: 'applied',
  reasons: ['connect', 'start'],
  stages: { received: 2, begun: 3, acknowledged: 25 },
  sinceEventMs: 30,
  msg: 'pass',
};
const endMs = Date.parse(line.time);

test('passes are read, other lines are passed over', () => {
  const lines = ['nginx: not JSON', JSON.stringify({ ...line, msg: 'pool changed' }), JSON.stringify(line)];
  expect(readPasses(lines)).toEqual([
    { endMs, sinceEventMs: 30, outcome: 'applied', reasons: line.reasons, stages: line.stages },
  ]);
});

test('stages count from the moment that is asked about, though the pass was about a later event', () => {
  const passes = readPasses([JSON.stringify(line)]);
  const atMs = endMs - 30;
  expect(findStages(passes, { fromMs: atMs, untilMs: atMs + 1000 })).toEqual(line.stages);
  expect(findStages(passes, { fromMs: atMs - 10, untilMs: atMs + 1000 })).toEqual({
    received: 12,
    begun: 13,
    acknowledged: 35,
  });
});

test('what a pass had done before that moment is left out', () => {
  const passes = readPasses([JSON.stringify(line)]);
  const fromMs = endMs - 20;
  expect(findStages(passes, { fromMs, untilMs: fromMs + 1000 })).toEqual({ acknowledged: 15 });
});

test.each([
  ['over before', { fromMs: endMs + 1, outcome: 'applied' }],
  ['that changed nothing', { fromMs: endMs - 30, outcome: 'unchanged' }],
])('a pass %s does not count', (_, { fromMs, outcome }) => {
  const passes = readPasses([JSON.stringify({ ...line, outcome })]);
  expect(findStages(passes, { fromMs, untilMs: fromMs + 1000 })).toEqual({});
});
