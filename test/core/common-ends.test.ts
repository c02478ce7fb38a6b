import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { withoutCommonEnds } from '../../src/core/common-ends.ts';
import { isSameList } from '../../src/core/same-list.ts';

const anyList = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 6 });

test('what two lists begin and end with alike, around what is left of each, is all of them', () => {
  fc.assert(
    fc.property(anyList, anyList, (one, other) => {
      const [left, right] = withoutCommonEnds(one, other);
      const isChanged = (list: readonly string[], rest: readonly string[]): boolean =>
        list.some(
          (_, begin) => begin + rest.length <= list.length && isSameList(list.slice(begin, begin + rest.length), rest),
        );
      expect(one.length - left.length).toBe(other.length - right.length);
      if (left.length > 0) expect(isChanged(one, left)).toBe(true);
      // The ends that differ are where something has changed.
      if (left.length > 0 && right.length > 0) {
        expect(left[0]).not.toBe(right[0]);
        expect(left.at(-1)).not.toBe(right.at(-1));
      }
    }),
  );
});

test('one that was added in the middle is all that is left', () => {
  expect(withoutCommonEnds(['a', 'b', 'c'], ['a', 'x', 'b', 'c'])).toEqual([[], ['x']]);
  expect(withoutCommonEnds(['a', 'x', 'b'], ['a', 'y', 'b'])).toEqual([['x'], ['y']]);
});
