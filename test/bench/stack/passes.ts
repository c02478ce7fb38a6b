import * as z from 'zod';

import { stages } from '../../../src/loop/stopwatch.ts';
import type { Stage } from '../../../src/loop/stopwatch.ts';

/** A pass as the controller's log tells it at debug level. */
export interface Pass {
  /** When it ended, Unix milliseconds. */
  readonly endMs: number;
  /** From that event to its end. */
  readonly sinceEventMs: number;
  readonly outcome: string;
  readonly reasons: readonly string[];
  /** Milliseconds since the event that it was about. */
  readonly stages: Readonly<Partial<Record<Stage, number>>>;
}

const passSchema = z.object({
  msg: z.literal('pass'),
  time: z.union([z.number(), z.iso.datetime().transform((text) => Date.parse(text))]),
  sinceEventMs: z.number(),
  outcome: z.string(),
  reasons: z.array(z.string()),
  stages: z.partialRecord(z.enum(stages), z.number()),
});

/** Reads the passes out of the log's JSON lines; all other lines are passed over. Pure. */
export function readPasses(lines: readonly string[]): readonly Pass[] {
  return lines.flatMap((line) => {
    const { success, data } = passSchema.safeParse(parse(line));
    if (!success) return [];
    const { time: endMs, sinceEventMs, outcome, reasons, stages: seen } = data;
    return [{ endMs, sinceEventMs, outcome, reasons, stages: seen }];
  });
}

/**
 * When the first pass that ended within a time and reached nginx came past its stages, in milliseconds after the time's
 * begin; what it had done before that is left out. Pure.
 */
export function findStages(
  passes: readonly Pass[],
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Pass['stages'] {
  const pass = passes.find(({ endMs, outcome }) => endMs >= fromMs && endMs < untilMs && outcome === 'applied');
  if (pass === undefined) return {};
  // It may have been about an earlier event of somebody else, or a later one: a member that was not there yet at its start.
  const lateMs = pass.endMs - pass.sinceEventMs - fromMs;
  const times = Object.entries(pass.stages).map(([stage, ms]): [string, number] => [stage, ms + lateMs]);
  return Object.fromEntries(times.filter(([, ms]) => ms >= 0));
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
