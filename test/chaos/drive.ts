import { perform } from './perform.ts';
import type { Look } from './compare.ts';
import { describeFault, describeOperation } from './operations.ts';
import type { Step } from './operations.ts';
import { readFootprint } from './readings.ts';
import type { Footprint } from './readings.ts';
import { settle } from './settle.ts';
import type { ChaosStack } from './stack.ts';
import type { SteadyAsker } from './steady-asker.ts';
import { suffer } from './suffer.ts';
import type { Operate } from './suffer.ts';
import { listProtectedPools, takesNginx } from './survivors.ts';

/** What a step came to. */
export interface StepFinding {
  readonly step: Step;
  /** Operations that found nothing to do. */
  readonly idle: number;
  readonly settledMs: number;
  readonly differences: readonly string[];
  readonly remark: string | undefined;
  readonly helped: readonly string[];
  /** The controller, once all had settled. */
  readonly footprint: Footprint | undefined;
}

/** Does one step, waits until it has settled, and says what differs then or was lost on the way. */
export async function drive(
  stack: ChaosStack,
  asker: SteadyAsker,
  step: Step,
  before: Look,
): Promise<{ readonly finding: StepFinding; readonly after: Look }> {
  const startMs = performance.now();
  let idle = 0;
  const failed: string[] = [];
  const operate: Operate = async (beforeLast) => {
    for (const operation of step.operations) {
      if (operation === step.operations.at(-1)) await beforeLast?.();
      try {
        if (!(await perform(stack, operation))) idle += 1;
      } catch (error) {
        failed.push(`could not ${describeOperation(operation)}: ${messageOf(error)}`);
      }
    }
  };
  const wasLiveRestore = stack.engine?.isLiveRestore === true;
  const suffered = await suffer(stack, step.fault, operate).catch((error: unknown) => {
    const what = step.fault === undefined ? 'the operations' : describeFault(step.fault);
    return { differences: [`could not do ${what}: ${messageOf(error)}`], remark: undefined };
  });
  const settled = await settle(stack, step.fault);
  const { settledMs, helped } = settled;
  // What is lost for good shows in nobody's answers until it matters, and the resync finds it within a minute. That minute
  // belongs to this step; SIGHUP is the same look at everything, at once.
  const after = step.fault?.kind === 'events dropped' ? await resync(stack) : settled.look;
  const failures = asker.takeSince(startMs);
  const mustServe = takesNginx(step.fault, wasLiveRestore)
    ? []
    : listProtectedPools(before, after, step.operations, stack.moods);
  const lost = mustServe.flatMap((pool) => {
    const whys = [...new Set(failures.filter((one) => one.pool === pool).map(({ why }) => why))];
    return whys.length === 0
      ? []
      : [`${pool}: requests failed though a member was there all the time: ${whys.join('; ')}`];
  });
  const finding: StepFinding = {
    step,
    idle,
    settledMs,
    differences: [
      ...[...failed, ...suffered.differences, ...settled.look.differences],
      ...(after === settled.look ? [] : after.differences),
      ...lost,
    ],
    remark: suffered.remark,
    helped,
    footprint: await readControllerFootprint(stack, after),
  };
  return { finding, after };
}

async function resync(stack: ChaosStack): Promise<Look> {
  const { Id, State } = await stack.need('lbwatch');
  // Old engines do not restart a container that was ever sent a signal through them.
  if (stack.engine !== undefined) process.kill(State.Pid, 'SIGHUP');
  else await stack.api.post(`/containers/${Id}/kill?signal=HUP`);
  return (await settle(stack, undefined)).look;
}

async function readControllerFootprint(stack: ChaosStack, { containers }: Look): Promise<Footprint | undefined> {
  const pid = stack.find(containers, 'lbwatch')?.State.Pid ?? 0;
  return pid > 0 ? readFootprint(pid) : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
