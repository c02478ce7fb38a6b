import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { JsonElements } from '../../src/adapters/json-elements.ts';

/** The elements of a text that comes in pieces of so many bytes, the last of them again and again. */
function read(text: string, cuts: readonly number[]): readonly unknown[] {
  const elements = new JsonElements();
  const bytes = Buffer.from(text);
  const read: unknown[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = cuts[Math.min(turn, cuts.length - 1)] ?? bytes.length;
    read.push(...elements.take(bytes.subarray(at, at + size)));
    at += size;
  }
  elements.end();
  return read;
}

describe('a JSON array that comes in pieces', () => {
  test('has the elements that it has as a whole, wherever it is cut', () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    const indent = fc.constantFrom(undefined, 1);
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), pieces, indent, (array, cuts, space) => {
        const text = JSON.stringify(array, undefined, space);
        expect(read(text, cuts)).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each(['"', '\\"', '\\', '\\\\', '\\\\"', '],[', '{"', 'ü"€\\', '\n'])('with %j in it, byte by byte', (text) => {
    const array = [{ [text]: text }, text, [text]];
    expect(read(JSON.stringify(array), [1])).toEqual(array);
  });

  test.each(['', ' ', '[', '[1', '[1,', '["]', '[{"a":[]]'])('%j is cut', (text) => {
    expect(() => read(text, [1])).toThrow('cut');
  });

  test.each(['{}', '1', 'null', '[]]', '[] []', '[]x', 'x[]', '"[]"'])('%j is no array', (text) => {
    expect(() => read(text, [1])).toThrow('no JSON array');
  });

  test.each(['[,]', '[1,]', '[,1]', '[1 2]', '[x]', '[}]', '[{]'])('%j is no JSON', (text) => {
    expect(() => read(text, [1])).toThrow(SyntaxError);
  });
});
