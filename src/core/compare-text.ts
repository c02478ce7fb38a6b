/** The order of text by its code units, which is the same everywhere, for `sort`. */
export function compareText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
