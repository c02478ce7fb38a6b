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
 * When the first pass within a time that was about one of these events, and reached nginx, came past its stages, in
 * milliseconds after the time's begin. Pure.
 */
export function findStages(
  passes: readonly Pass[],
  about: readonly string[],
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Pass['stages'] {
  const pass = passes.find(
    ({ endMs, outcome, reasons }) =>
      endMs >= fromMs && endMs < untilMs && outcome === 'applied' && reasons.some((reason) => about.includes(reason)),
  );
  if (pass === undefined) return {};
  // A member that was not there yet is served by a later event than its start.
  const lateMs = pass.endMs - pass.sinceEventMs - fromMs;
  return Object.fromEntries(Object.entries(pass.stages).map(([stage, ms]) => [stage, ms + lateMs]));
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
