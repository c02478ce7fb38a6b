import { readFile, readdir } from 'node:fs/promises';

/** What a process holds at one moment. */
export interface Footprint {
  readonly rssMb: number;
  readonly openFiles: number;
}

/** Of numbers, in their unit; undefined where there are none. */
export interface Spread {
  readonly count: number;
  readonly median: number;
  readonly p95: number;
  readonly most: number;
}

/** From /proc; undefined where that does not show the process. */
export async function readFootprint(pid: number): Promise<Footprint | undefined> {
  try {
    const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
    const kilobytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
    if (!(kilobytes > 0)) return undefined;
    return { rssMb: kilobytes / 1024, openFiles: (await readdir(`/proc/${String(pid)}/fd`)).length };
  } catch {
    return undefined;
  }
}

export function spread(values: readonly number[]): Spread | undefined {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
  if (sorted.length === 0) return undefined;
  return { count: sorted.length, median: at(0.5), p95: at(0.95), most: at(1) };
}

/** The medians of the first and of the last third: what grows shows. */
export function compareThirds(
  values: readonly number[],
): { readonly first: number; readonly last: number } | undefined {
  const third = Math.floor(values.length / 3);
  const [first, last] = [spread(values.slice(0, third)), spread(values.slice(values.length - third))];
  return first === undefined || last === undefined ? undefined : { first: first.median, last: last.median };
}
