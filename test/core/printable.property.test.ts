import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { printable } from '../../src/core/printable.ts';
import { hostileTexts } from '../support/arbitraries.ts';

describe('printable', () => {
  test('leaves no control, direction mark, line separator or other invisible character', () => {
    const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...hostileTexts), anyUnits());
    fc.assert(
      fc.property(anything, (text) => {
        expect(printable(text)).not.toMatch(/(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u);
      }),
      { numRuns: 1000 },
    );
  });

  test('leaves plain text as it is', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -[\]-~]{0,120}$/), (text) => {
        expect(printable(text)).toBe(text);
      }),
    );
  });

  test('tells different texts apart, as far as they are shown', () => {
    const short = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(short, short, (one, other) => {
        expect(printable(one) === printable(other)).toBe(one === other);
      }),
    );
  });

  test.each([
    ['a\nb', 'a\\u{a}b'],
    ['\0', '\\u{0}'],
    ['\u001b[31m', '\\u{1b}[31m'],
    ['\u202eabc', '\\u{202e}abc'],
    ['a\u00a0b', 'a\\u{a0}b'],
    ['\u200b', '\\u{200b}'],
    ['\u3164', '\\u{3164}'],
    ['\ud800', '\\u{d800}'],
    ['\\u{a}', '\\\\u{a}'],
    ['schön 日本 🎉', 'schön 日本 🎉'],
  ])('%j becomes %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  test('cuts what is over-long', () => {
    expect(printable('a'.repeat(121))).toBe(`${'a'.repeat(120)}…`);
    expect(printable('abcdef', 3)).toBe('abc…');
    expect(printable('ab🎉', 3)).toBe('ab\\u{d83c}…');
  });
});

/** Strings of any UTF-16 units, lone surrogates among them. */
function anyUnits(): fc.Arbitrary<string> {
  return fc
    .array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 30 })
    .map((units) => String.fromCharCode(...units));
}
