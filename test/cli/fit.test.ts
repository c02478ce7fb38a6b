import { expect, test } from '@jest/globals';

import { fit, fitWidth, terminalSize } from '../../src/cli/fit.ts';

const text = (count: number): string => Array.from({ length: count }, (_, index) => `line ${String(index)}\n`).join('');

test('what fits is left as it is, with one row to spare', () => {
  expect(fit(text(9), { columns: 6, rows: 10 })).toBe(text(9));
});

test('what is longer is cut, and says how much is missing', () => {
  const cut = fit(text(30), { columns: 100, rows: 10 }).split('\n');
  expect(cut).toHaveLength(10);
  expect(cut.slice(0, 8)).toEqual(text(8).split('\n').slice(0, 8));
  expect(cut[8]).toBe('… and 22 more lines; a larger terminal, or --json, shows them');
});

test('no line is wider than the terminal, counted in characters', () => {
  expect(fitWidth('abcdef\nabc\n𝒜𝒜𝒜𝒜\n', 3)).toBe('ab…\nabc\n𝒜𝒜…\n');
  expect(fit('abcdef\n', { columns: 4, rows: 1 })).toBe('abc…\n');
});

test('a terminal that does not tell its size is taken for a common one', () => {
  expect(terminalSize({ columns: 0, rows: 0 })).toEqual({ columns: 80, rows: 24 });
  expect(terminalSize({ columns: 200, rows: 50 })).toEqual({ columns: 200, rows: 50 });
});
