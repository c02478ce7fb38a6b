import { expect, test } from '@jest/globals';

import { cases } from './cases.ts';
import { readOptions } from './options.ts';
import { variants } from './variants.ts';

test('without options it is everything, at 300 requests a second', () => {
  expect(readOptions([])).toEqual({ cases, variants, ratePerSecond: 300, isJson: false });
});

test('it is narrowed by names, in the order of the table', () => {
  const { cases: chosen, variants: of } = readOptions(['--only', 'killed,scale', '--variant', 'static']);
  expect(chosen.map(({ name }) => name)).toEqual(['scale', 'killed']);
  expect(of.map(({ name }) => name)).toEqual(['static']);
});

test('quick is lbwatch alone with some of the cases, or with those that are named', () => {
  const quick = readOptions(['--quick']);
  expect(quick.variants.map(({ name }) => name)).toEqual(['lbwatch']);
  expect(quick.cases.length).toBeGreaterThan(0);
  expect(quick.cases.length).toBeLessThan(cases.length);
  expect(readOptions(['--quick', '--only', 'hung']).cases.map(({ name }) => name)).toEqual(['hung']);
});

test.each([
  [['--only', 'scalee'], /--only: there is no "scalee"; there is scale, /],
  [['--variant', 'plain'], /--variant: there is no "plain"; there is lbwatch, rules-off, static/],
  [['--rate', '0'], /--rate is "0"; write a whole number from 1 to 2000/],
  [['--rate', '5000'], /from 1 to 2000/],
  [['--fast'], /Unknown option '--fast'/],
])('%j is refused', (words, message) => {
  expect(() => readOptions(words)).toThrow(message);
});
