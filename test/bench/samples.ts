/** The middle of some numbers; not a number where there is none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The smallest value that this part of the values does not exceed (nearest rank). */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}
