import { expect, test } from '@jest/globals';

import { renderDuration } from '../../src/report/duration.ts';

test.each([
  [0, '0 s'],
  [499, '0 s'],
  [42_000, '42 s'],
  [59_600, '1 min'],
  [303_000, '5 min 3 s'],
  [3_600_000, '1 h'],
  [3_603_000, '1 h'],
  [12_000_000, '3 h 20 min'],
  [187_200_000, '2 d 4 h'],
])('%i ms: %s', (ms, text) => {
  expect(renderDuration(ms)).toBe(text);
});
