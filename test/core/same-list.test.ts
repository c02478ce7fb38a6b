import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isSameList } from '../../src/core/same-list.ts';

const anyList = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 6 });

test('lists are the same where each place holds the same', () => {
  fc.assert(
    fc.property(anyList, anyList, (one, other) => {
      expect(isSameList(one, other)).toBe(one.join() === other.join());
      expect(isSameList(one, [...one])).toBe(true);
    }),
  );
});
