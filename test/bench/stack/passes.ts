import * as z from 'zod';

import { stages } from '../../../src/loop/stopwatch.ts';
import type { Stage } from '../../../src/loop/stopwatch.ts';

/** A pass as the controller's log tells it at debug level. */
export interface Pass {
  /** When it ended, Unix milliseconds. */
  readonly endMs: number;
  readonly outcome: string;
  readonly reasons: readonly string[];
  /** Milliseconds since the event. */
  readonly stages: Readonly<Partial<Record<Stage, number>>>;
}

const passSchema = z.object({
  msg: z.literal('pass'),
  time: z.union([z.number(), z.iso.datetime().transform((text) => Date.parse(text))]),
  outcome: z.string(),
  reasons: z.array(z.string()),
  stages: z.partialRecord(z.enum(stages), z.number()),
});

/** Reads the passes out of the log's JSON lines; all other lines are passed over. Pure. */
export function readPasses(lines: readonly string[]): readonly Pass[] {
  return lines.flatMap((line) => {
    const { success, data } = passSchema.safeParse(parse(line));
    return success ? [{ endMs: data.time, outcome: data.outcome, reasons: data.reasons, stages: data.stages }] : [];
  });
}

/** The first pass that ended after a moment, was about such an event, and reached nginx. Pure. */
export function findPass(passes: readonly Pass[], reason: string, afterMs: number, beforeMs: number): Pass | undefined {
  return passes.find(
    ({ endMs, outcome, reasons }) =>
      endMs >= afterMs && endMs < beforeMs && outcome === 'applied' && reasons.includes(reason),
  );
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
