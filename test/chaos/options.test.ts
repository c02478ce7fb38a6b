import { expect, test } from '@jest/globals';

import '../support/native-errors.ts';
import { readOptions } from './options.ts';

test('a seed, so many operations, and some of the faults', () => {
  expect(
    readOptions(['--seed', '7', '--operations', '20', '--only', 'socket cut, engine killed', '--json']),
  ).toMatchObject({
    seed: 7,
    operations: 20,
    only: ['engine killed', 'socket cut'],
    isJson: true,
    isSoak: false,
    keepsGoing: true,
  });
  expect(readOptions([])).toMatchObject({ operations: 500, only: undefined });
  expect(readOptions(['--only', 'none']).only).toEqual([]);
});

test('what is not allowed is refused with what is', () => {
  expect(() => readOptions(['--seed', 'x'])).toThrow('--seed is "x"; write a whole number from 1 to');
  expect(() => readOptions(['--operations', '0'])).toThrow('--operations is "0"');
  expect(() => readOptions(['--only', 'earthquake'])).toThrow(
    '--only: there is no "earthquake"; there is none, controller',
  );
});
