import { writeFile } from 'node:fs/promises';

import { drive } from './drive.ts';
import type { StepFinding } from './drive.ts';
import type { Step } from './operations.ts';
import type { Options } from './options.ts';
import type { Space } from './own-space.ts';
import { faultKinds, makePlan } from './plan.ts';
import type { FaultKind } from './plan.ts';
import { countOperations, renderStep, renderSummary, renderVerdict, summarize } from './report.ts';
import { settle } from './settle.ts';
import { soak } from './soak.ts';
import { ChaosStack } from './stack.ts';
import { SteadyAsker } from './steady-asker.ts';

/** What it takes an engine, mounts and processes of one's own to do. */
const needOwnSpace: ReadonlySet<FaultKind> = new Set([
  ...(['controller killed', 'controller killed at an act', 'nginx killed'] as const),
  ...([
    'engine stopped',
    'engine killed',
    'live-restore',
    'disk full',
    'directory read-only',
    'directory lost',
  ] as const),
]);

/** The whole run, from an empty space to its last line. Answers the exit code. */
export async function run(options: Options, space: Space, interrupted: AbortSignal): Promise<number> {
  // With --json, stdout is for the object alone.
  const tell = (line: string): void => {
    (options.isJson ? process.stderr : process.stdout).write(`${line}\n`);
  };
  const made: ChaosStack[] = [];
  try {
    tell(options.isSoak ? 'soak' : `seed ${String(options.seed)}`);
    const stack = await ChaosStack.start(space, (one) => made.push(one));
    return options.isSoak
      ? await soak(stack, interrupted, tell, options.isJson)
      : await goThroughPlan(stack, options, space, interrupted, tell);
  } finally {
    for (const stack of made) {
      if (options.logFile !== undefined) await keepLog(stack, options.logFile);
      await stack.end();
    }
  }
}

async function goThroughPlan(
  stack: ChaosStack,
  options: Options,
  space: Space,
  interrupted: AbortSignal,
  tell: (line: string) => void,
): Promise<number> {
  const able = faultKinds.filter((kind) => space.isOwn || !needOwnSpace.has(kind));
  const faults = options.only === undefined ? able : able.filter((kind) => options.only?.includes(kind));
  const plan = makePlan({ seed: options.seed, operations: options.operations, faults });
  tell(`${String(countOperations(plan))} operations in ${String(plan.length)} steps`);
  const findings = await goThrough(plan, stack, options, interrupted, tell);
  const summary = summarize(findings);
  const replay = `npm run chaos -- --seed ${String(options.seed)} --operations ${String(options.operations)}${
    options.only === undefined ? '' : ` --only "${options.only.join(',') || 'none'}"`
  }`;
  for (const line of ['', ...renderSummary(summary), '']) tell(line);
  if (summary.differences > 0) tell(`replay: ${replay}`);
  if (interrupted.aborted) tell(`interrupted after ${String(findings.length)} of ${String(plan.length)} steps`);
  if (options.isJson) {
    const details = findings.filter(({ differences }) => differences.length > 0);
    process.stdout.write(`${JSON.stringify({ seed: options.seed, ...summary, details }, null, 2)}\n`);
  }
  tell(renderVerdict(summary));
  return summary.differences > 0 || interrupted.aborted ? 1 : 0;
}

async function goThrough(
  plan: readonly Step[],
  stack: ChaosStack,
  options: Options,
  interrupted: AbortSignal,
  tell: (line: string) => void,
): Promise<readonly StepFinding[]> {
  let { look } = await settle(stack, undefined);
  if (look.differences.length > 0) throw new Error(`the stack does not come up: ${look.differences.join('; ')}`);
  const asker = new SteadyAsker(stack);
  const findings: StepFinding[] = [];
  try {
    for (const step of plan) {
      if (interrupted.aborted) break;
      const { finding, after } = await drive(stack, asker, step, look);
      look = after;
      findings.push(finding);
      tell(renderStep(findings.length, plan.length, finding));
      for (const difference of finding.differences) tell(`✗ ${difference}`);
      if (finding.differences.length > 0) tell(`✗ in step ${String(findings.length)} of seed ${String(options.seed)}`);
      if (finding.differences.length > 0 && !options.keepsGoing) break;
    }
  } finally {
    await asker.stop();
  }
  tell(`clients asked ${String(asker.asked)} times meanwhile`);
  return findings;
}

async function keepLog(stack: ChaosStack, file: string): Promise<void> {
  const { output } = await stack.compose.try('logs', '--no-color', '--timestamps', 'lbwatch', 'nginx');
  await writeFile(file, output);
}
