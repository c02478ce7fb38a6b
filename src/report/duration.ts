const units = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** A time span for people, its two greatest units: `42 s`, `5 min 3 s`, `2 d 4 h`. */
export function renderDuration(ms: number): string {
  let restS = Math.round(ms / 1000);
  const parts: string[] = [];
  for (const [unit, lengthS] of units) {
    const count = Math.floor(restS / lengthS);
    restS -= count * lengthS;
    if (count > 0) parts.push(`${String(count)} ${unit}`);
    // A day and some seconds is a day.
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(' ') || '0 s';
}

/** Milliseconds as programs are told them; what is finer than a tenth says nothing. */
export function toTenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
