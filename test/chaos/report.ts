import { renderTable } from '../demo/narrate.ts';
import type { StepFinding } from './drive.ts';
import { describeFault, describeOperation } from './operations.ts';
import type { Step } from './operations.ts';
import { compareThirds, spread } from './readings.ts';
import type { Spread } from './readings.ts';

/** The numbers of a run, as data. */
export interface Summary {
  readonly operations: number;
  readonly idleOperations: number;
  readonly faults: number;
  readonly differences: number;
  readonly byOperation: Readonly<Record<string, number>>;
  readonly byFault: Readonly<Record<string, number>>;
  /** In ms from the end of the operations (or of the fault) to the truth, by fault. */
  readonly settleMs: Readonly<Record<string, Spread>>;
  /** The same after an engine came back, by what had happened to the containers. */
  readonly engineBackMs: Readonly<Record<string, Spread>>;
  /** What a controller was about to do when it was killed. */
  readonly diedBefore: Readonly<Record<string, number>>;
  /** How often a container was started by hand that the engine was still holding back. */
  readonly helped: number;
  readonly controller: {
    readonly rssMb: { readonly first: number; readonly last: number } | undefined;
    readonly openFiles: { readonly first: number; readonly last: number } | undefined;
  };
}

const noFault = 'no fault';

/** Pure. */
export function summarize(findings: readonly StepFinding[]): Summary {
  const operations = findings.flatMap(({ step }) => step.operations);
  const faulty = findings.filter(({ step }) => step.fault !== undefined);
  const settled = findings.filter(({ differences }) => differences.length === 0);
  const footprints = findings.flatMap(({ footprint }) => (footprint === undefined ? [] : [footprint]));
  return {
    operations: operations.length,
    idleOperations: findings.reduce((sum, { idle }) => sum + idle, 0),
    faults: faulty.length,
    differences: findings.reduce((sum, { differences }) => sum + differences.length, 0),
    byOperation: count(operations.map(({ kind }) => kind)),
    byFault: count(faulty.map(({ step }) => step.fault?.kind ?? noFault)),
    settleMs: spreadBy(settled, ({ step }) => step.fault?.kind ?? noFault),
    engineBackMs: spreadBy(
      settled.filter(({ step, remark }) => step.fault?.kind.startsWith('engine') === true && remark !== undefined),
      ({ step, remark }) => `${step.fault?.kind ?? ''}, ${remark ?? ''}`,
    ),
    diedBefore: count(
      findings.flatMap(({ step, remark }) =>
        step.fault?.kind === 'controller killed at an act' && remark !== undefined ? [remark] : [],
      ),
    ),
    helped: findings.reduce((sum, { helped }) => sum + helped.length, 0),
    controller: {
      rssMb: compareThirds(footprints.map(({ rssMb }) => rssMb)),
      openFiles: compareThirds(footprints.map(({ openFiles }) => openFiles)),
    },
  };
}

/** The summary for people. Pure. */
export function renderSummary(summary: Summary): readonly string[] {
  const { rssMb, openFiles } = summary.controller;
  const kinds = [...new Set([noFault, ...Object.keys(summary.byFault)])];
  return [
    ...renderTable(['operation', 'times'], toRows(summary.byOperation)),
    `(${String(summary.idleOperations)} of them found nothing to do)`,
    '',
    ...renderTable(
      ['fault', 'times', 'settled in ms: median', 'p95', 'max'],
      kinds.map((kind) => [kind, String(summary.byFault[kind] ?? '-'), ...renderSpread(summary.settleMs[kind])]),
    ),
    ...titled(
      'from the first answer of an engine that came back to the truth',
      renderTable(
        ['engine', 'times', 'ms: median', 'p95', 'max'],
        Object.entries(summary.engineBackMs).map(([kind, times]) => [
          kind,
          String(times.count),
          ...renderSpread(times),
        ]),
      ),
      summary.engineBackMs,
    ),
    ...titled(
      'where controllers were killed between two acts',
      renderTable(['before', 'times'], toRows(summary.diedBefore)),
      summary.diedBefore,
    ),
    '',
    `started by hand, since the engine waited before it would: ${String(summary.helped)}`,
    ...(rssMb === undefined || openFiles === undefined
      ? []
      : [
          `the controller at rest, median of the first and of the last third of the run: ` +
            `${rssMb.first.toFixed(0)} and ${rssMb.last.toFixed(0)} MB, ` +
            `${String(openFiles.first)} and ${String(openFiles.last)} open files`,
        ]),
  ];
}

/** One line for a step. Pure. */
export function renderStep(number: number, steps: number, { step, settledMs, remark, idle }: StepFinding): string {
  const what = [
    ...step.operations.map(describeOperation),
    ...(step.fault === undefined ? [] : [`! ${describeFault(step.fault)}`]),
  ];
  const notes = [remark, idle === 0 ? undefined : `${String(idle)} with nothing to do`].filter(
    (note) => note !== undefined,
  );
  const times = `${String(number)}/${String(steps)}`.padStart(9);
  return `${times} ${`${settledMs.toFixed(0)} ms`.padStart(9)}  ${what.join(', ')}${notes.map((note) => ` [${note}]`).join('')}`;
}

/** The last line. */
export function renderVerdict({ operations, differences }: Pick<Summary, 'operations' | 'differences'>): string {
  return `${String(operations)} operations, ${String(differences)} differences`;
}

/** How many operations a plan has. */
export function countOperations(steps: readonly Step[]): number {
  return steps.reduce((sum, { operations }) => sum + operations.length, 0);
}

function titled(title: string, lines: readonly string[], data: object): readonly string[] {
  return Object.keys(data).length === 0 ? [] : ['', `${title}:`, ...lines];
}

function toRows(counts: Readonly<Record<string, number>>): readonly (readonly string[])[] {
  return Object.entries(counts).map(([name, times]) => [name, String(times)]);
}

function renderSpread(times: Spread | undefined): readonly string[] {
  return times === undefined ? ['-', '-', '-'] : [times.median, times.p95, times.most].map((ms) => ms.toFixed(0));
}

function count(names: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const name of [...names].sort()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}

function spreadBy(
  findings: readonly StepFinding[],
  name: (finding: StepFinding) => string,
): Readonly<Record<string, Spread>> {
  const names = [...new Set(findings.map(name))].sort();
  return Object.fromEntries(
    names.flatMap((one) => {
      const times = spread(findings.filter((finding) => name(finding) === one).map(({ settledMs }) => settledMs));
      return times === undefined ? [] : [[one, times]];
    }),
  );
}
