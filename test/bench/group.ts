/** One question about speed or size, answered by measurements of one run. */
export interface Group {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** Part of `--quick`. */
  readonly isQuick: boolean;
  readonly run: (bench: Bench) => Promise<Finding>;
}

/** What a group is given. */
export interface Bench {
  /** Fewer repeats and smaller sizes. */
  readonly isQuick: boolean;
  /** Aborts when the run is interrupted. */
  readonly interrupted: AbortSignal;
  /** A line of progress. */
  readonly tell: (line: string) => void;
}

export interface Finding {
  readonly tables: readonly Table[];
  readonly aims: readonly Aim[];
  /** What a reader must know to read the numbers rightly, and what was not measured and why. */
  readonly notes: readonly string[];
}

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What was to be reached, and whether it was, in this run. */
export interface Aim {
  readonly what: string;
  readonly limit: string;
  readonly measured: string;
  readonly isMet: boolean;
  /** Counts are the same on every machine; times are not. */
  readonly kind: 'count' | 'time';
}

/** An aim that a number reaches a limit. */
export function atLeast(what: string, measured: number, limit: number, unit: string): Aim {
  return {
    what,
    limit: `≥ ${String(limit)} ${unit}`.trim(),
    measured: `${round(measured)} ${unit}`.trim(),
    isMet: measured >= limit,
    kind: 'time',
  };
}

/** An aim that a number stays at or below a limit. */
export function atMost(what: string, measured: number, limit: number, unit: string, kind: Aim['kind'] = 'time'): Aim {
  return {
    what,
    limit: `≤ ${String(limit)} ${unit}`.trim(),
    measured: `${round(measured)} ${unit}`.trim(),
    isMet: measured <= limit,
    kind,
  };
}

/** Three digits that count, as people read them. */
export function round(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
