/**
 * What clients of the stack lose while containers come, go and break: by numbers, beside a plain nginx and beside lbwatch
 * without its life rules. Ends with exit code 1 where lbwatch lost what need not be lost.
 */
import { runProgram } from '../support/program.ts';
import { askAbilities, whyNot } from './abilities.ts';
import { readOptions, usage } from './options.ts';
import type { Options } from './options.ts';
import { runCase } from './run-case.ts';
import type { Finding } from './run-case.ts';
import { renderRows } from './table.ts';
import { judge, renderVerdict } from './verdict.ts';
import type { Row } from './verdict.ts';

async function main(options: Options, interrupted: AbortSignal): Promise<number> {
  // With --json, stdout is for the object alone.
  const tell = (line: string): void => {
    (options.isJson ? process.stderr : process.stdout).write(`${line}\n`);
  };
  const rows = await runAll(options, interrupted, tell);
  const verdict = judge(rows);
  for (const line of ['', ...renderRows(rows), '']) tell(line);
  for (const fault of verdict.faults) tell(`✗ ${fault}`);
  if (options.isJson) {
    const data = { ratePerSecond: options.ratePerSecond, rows: rows.map(toData), ...verdict };
    process.stdout.write(`${JSON.stringify(data, roundNumbers, 2)}\n`);
  }
  tell(renderVerdict(verdict));
  return verdict.faults.length === 0 ? 0 : 1;
}

/** One after the other: they share an engine and two cores, and each of them measures time. */
async function runAll(
  options: Options,
  interrupted: AbortSignal,
  tell: (line: string) => void,
): Promise<readonly Row[]> {
  const abilities = await askAbilities();
  const rows: Row[] = [];
  for (const one of options.cases) {
    for (const variant of options.variants) {
      const startMs = performance.now();
      const why = whyNot(one, variant, abilities);
      const finding: Finding =
        why === undefined ? await runCase(one, variant, options.ratePerSecond, interrupted) : { kind: 'notRun', why };
      rows.push({ case: one, variant: variant.name, finding });
      const took = `${((performance.now() - startMs) / 1000).toFixed(0)} s`;
      if (finding.kind !== 'notRun') tell(`${one.name}, ${variant.name}: ${summarize(finding)} (${took})`);
    }
  }
  return rows;
}

function summarize(finding: Finding): string {
  if (finding.kind !== 'measured') return finding.why;
  return `${String(finding.failed)} of ${String(finding.requests)} failed, ${String(finding.slow)} slow`;
}

function toData({ case: { name, title, inFlightMs }, variant, finding }: Row): unknown {
  return { case: name, title, mayLose: inFlightMs === undefined ? 'nothing' : 'POSTs in flight', variant, ...finding };
}

function roundNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 10) / 10 : value;
}

await runProgram({ usage, readOptions, main });
