import type { Case } from './cases.ts';
import type { Finding } from './run-case.ts';
import type { Variant } from './variants.ts';

/** A case, a variant, and what came of it. */
export interface Row {
  readonly case: Pick<Case, 'name' | 'title' | 'inFlightMs'>;
  readonly variant: Variant['name'];
  readonly finding: Finding;
}

/** What lbwatch itself has to answer for. */
export interface Verdict {
  /** Of its cases in which nothing may be lost. */
  readonly lost: number;
  readonly requests: number;
  /** What is not as promised, a line for each; none: all is. */
  readonly faults: readonly string[];
}

/** Judges lbwatch by its own rows; the other variants are there for comparison. Pure. */
export function judge(rows: readonly Row[]): Verdict {
  const own = rows.filter(({ variant }) => variant === 'lbwatch');
  const sums = own.flatMap(({ case: { inFlightMs }, finding }) =>
    inFlightMs === undefined && finding.kind === 'measured' ? [finding] : [],
  );
  return {
    lost: sums.reduce((total, { failed }) => total + failed, 0),
    requests: sums.reduce((total, { requests }) => total + requests, 0),
    faults: own.flatMap((row) => {
      const fault = faultOf(row);
      return fault === undefined ? [] : [`${row.case.name}: ${fault}`];
    }),
  };
}

function faultOf({ case: { inFlightMs }, finding }: Row): string | undefined {
  switch (finding.kind) {
    case 'notRun':
      return undefined;
    case 'broken':
      return finding.why;
    case 'measured': {
      const { failed, failedPostsInFlight, neverAnswered } = finding;
      const lost = failed - (inFlightMs === undefined ? 0 : failedPostsInFlight);
      const besides = inFlightMs === undefined ? '' : ' besides the POSTs that the dead member had';
      if (lost > 0) return `lost ${String(lost)} requests${besides}`;
      return neverAnswered > 0 ? `${String(neverAnswered)} members started and never answered` : undefined;
    }
  }
}

/** The last line. */
export function renderVerdict({ lost, requests }: Verdict): string {
  return `lost ${String(lost)} of ${String(requests)} requests`;
}
