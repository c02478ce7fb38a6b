/**
 * What two lists do not share at their beginnings and ends, compared as objects. Of a long list that has changed a little,
 * most is the same objects in the same order.
 */
export function withoutCommonEnds<T>(one: readonly T[], other: readonly T[]): readonly [readonly T[], readonly T[]] {
  if (one === other) return [[], []];
  const shorter = Math.min(one.length, other.length);
  let begin = 0;
  while (begin < shorter && one[begin] === other[begin]) begin += 1;
  let end = 0;
  while (end < shorter - begin && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  return [one.slice(begin, one.length - end), other.slice(begin, other.length - end)];
}
