import { setTimeout as pause } from 'node:timers/promises';

import { look, lookCloser } from './compare.ts';
import type { Look } from './compare.ts';
import type { Fault } from './operations.ts';
import type { ChaosStack } from './stack.ts';

/** How a step ended. */
export interface Settled {
  /** The last look; its differences have persisted. */
  readonly look: Look;
  /** Until the first look without a difference. */
  readonly settledMs: number;
  /** Services whose container the engine had not brought back by itself. */
  readonly helped: readonly string[];
}

const everyMs = 50;
/** What is different for longer is a difference. */
const usualLimitMs = 10_000;
const limitsMs: Readonly<Partial<Record<Fault['kind'], number>>> = {
  // Found out by the resync, once a minute, where later events hide that earlier ones were lost.
  'events dropped': 75_000,
  // A silent stream is replaced after 10 s, and one that does not open is given up after 5.
  'socket frozen': 20_000,
  // A process starts anew, maybe after a pause of the engine's, on a machine that may be busy.
  'controller killed': 20_000,
  'controller killed at an act': 20_000,
  'controller restarted': 20_000,
  'controller recreated': 20_000,
  'nginx killed': 20_000,
  'nginx restarted': 20_000,
  'nginx recreated': 20_000,
  'engine stopped': 30_000,
  'engine killed': 30_000,
  'live-restore': 30_000,
  // What fails again and again is tried every 10 s in the end.
  'disk full': 15_000,
  'directory read-only': 15_000,
};
/** The engine waits up to a minute before it starts again what fails again and again; a person would not. */
const helpAfterMs = 2000;

/** Looks until nothing differs, or for as long as that may take after such a fault. */
export async function settle(stack: ChaosStack, fault: Fault | undefined): Promise<Settled> {
  const startMs = performance.now();
  const helped: string[] = [];
  let settledMs: number | undefined;
  for (;;) {
    const tried = await tryToLook(stack);
    const passedMs = performance.now() - startMs;
    let differences = tried.differences;
    if (differences.length === 0) {
      settledMs ??= passedMs;
      differences = await lookCloser(stack, tried.truth).catch(toDifference);
      if (differences.length === 0) return { look: tried, settledMs, helped };
    }
    // Right once, and now no more: it had not settled.
    settledMs = undefined;
    if (passedMs > limitOf(fault)) return { look: { ...tried, differences }, settledMs: passedMs, helped };
    if (passedMs > helpAfterMs) helped.push(...(await help(stack, tried)));
    await pause(everyMs);
  }
}

async function tryToLook(stack: ChaosStack): Promise<Look> {
  try {
    return await look(stack);
  } catch (error) {
    return { containers: [], truth: new Map(), differences: toDifference(error) };
  }
}

/** Starts nginx and the controller where the engine takes its time. */
async function help(stack: ChaosStack, { containers }: Look): Promise<readonly string[]> {
  const helped: string[] = [];
  for (const service of ['nginx', 'lbwatch']) {
    const container = stack.find(containers, service);
    if (container === undefined || container.State.Status === 'running') continue;
    await stack.api.post(`/containers/${container.Id}/restart?t=1`).catch(() => undefined);
    helped.push(service);
  }
  return helped;
}

function limitOf(fault: Fault | undefined): number {
  return (fault === undefined ? undefined : limitsMs[fault.kind]) ?? usualLimitMs;
}

function toDifference(error: unknown): readonly string[] {
  return [error instanceof Error ? error.message : String(error)];
}
