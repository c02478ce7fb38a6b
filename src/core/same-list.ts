/** Whether two lists hold the same objects in the same order. */
export function isSameList<T>(one: readonly T[], other: readonly T[]): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}

/** What is left of two lists without what they begin and end with alike: of thousands of objects, the few that differ. */
export function withoutCommonEnds<T>(one: readonly T[], other: readonly T[]): [readonly T[], readonly T[]] {
  const shorter = Math.min(one.length, other.length);
  let begin = 0;
  while (begin < shorter && one[begin] === other[begin]) begin += 1;
  let end = 0;
  while (end < shorter - begin && one[one.length - 1 - end] === other[other.length - 1 - end]) end += 1;
  return [one.slice(begin, one.length - end), other.slice(begin, other.length - end)];
}
