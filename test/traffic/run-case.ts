import { setTimeout as pause } from 'node:timers/promises';

import type { Case } from './cases.ts';
import { LoadClient } from './load/load-client.ts';
import { nowMs } from './load/sent-request.ts';
import { TrafficStack } from './stack.ts';
import { Stage } from './stage.ts';
import { sumUp } from './sum-up.ts';
import type { Sum } from './sum-up.ts';
import type { Variant } from './variants.ts';

/** What a case came to, or why it came to nothing. */
export type Finding =
  | ({ readonly kind: 'measured'; readonly reloads: number; readonly loadMs: number } & Sum)
  /** It makes no sense there, or cannot be done yet. */
  | { readonly kind: 'notRun'; readonly why: string }
  /** It should have come to an end, and did not. */
  | { readonly kind: 'broken'; readonly why: string };

const timeoutMs = 10_000;
const longestMs = 90_000;
const mostInFlight = 2000;
/** Before it happens and after: so that what is told of is not the start or the end. */
const quietMs = 1000;

/**
 * Runs one case with one variant in a project of its own, and removes it, also when it is interrupted.
 *
 * @param interrupted throws its reason, after all is removed
 */
export async function runCase(
  one: Case,
  variant: Variant,
  ratePerSecond: number,
  interrupted: AbortSignal = new AbortController().signal,
): Promise<Finding> {
  interrupted.throwIfAborted();
  const stack = await TrafficStack.prepare(variant, one.environment ?? {});
  try {
    return await Promise.race([startAndMeasure(one, stack, ratePerSecond), rejectionBy(interrupted)]);
  } catch (error) {
    interrupted.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    return { kind: 'broken', why: [why, ...(await stack.lastLogLines())].join('\n  ') };
  } finally {
    await stack.end();
  }
}

async function startAndMeasure(one: Case, stack: TrafficStack, ratePerSecond: number): Promise<Finding> {
  await stack.start(one.members);
  return underLoad(one, stack, ratePerSecond);
}

function rejectionBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const interrupt = (): void => {
      reject(new Error('interrupted'));
    };
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
  });
}

async function underLoad(one: Case, stack: TrafficStack, ratePerSecond: number): Promise<Finding> {
  const client = await LoadClient.start({ port: stack.port, ratePerSecond, timeoutMs, longestMs, mostInFlight });
  const sinceMs = nowMs();
  const stage = new Stage(stack, client);
  let untilMs = sinceMs;
  try {
    await pause(quietMs);
    await one.happen(stage);
    await pause(quietMs);
  } finally {
    untilMs = nowMs();
    await client.stop();
  }
  const moments = [...(await stack.readMoments(sinceMs)), ...stage.marked];
  const reloads = await stack.countReloads(sinceMs);
  return {
    kind: 'measured',
    reloads,
    loadMs: untilMs - sinceMs,
    ...sumUp(client.sent, moments, one.inFlightMs ?? 0),
  };
}
