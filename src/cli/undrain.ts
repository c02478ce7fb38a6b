import * as z from 'zod';

import { printable, printableLine } from '../core/printable.ts';
import { ControllerError, command, controllerAt } from './ask-controller.ts';
import { complain, say, sayJson } from './say.ts';
import type { Settings } from './settings.ts';

const answerMs = 30_000;

const answerSchema = z.object({
  container: z.string(),
  drained: z.boolean(),
  pools: z.array(z.object({ pool: z.string().optional(), state: z.string(), reason: z.string() })),
});

/**
 * Has the running controller end the drain of a container, which then joins as any other: when its checks let it.
 * Answers the exit code.
 */
export async function undrain(settings: Settings, wanted: string, isJson: boolean): Promise<number> {
  try {
    const answer = await command(controllerAt(settings), '/undrain', answerMs, { container: wanted }, answerSchema);
    const { container, pools } = answer;
    const where = pools.map(({ pool, state, reason }) => `${state} ${pool === undefined ? '' : `${pool} `}(${reason})`);
    if (isJson) sayJson(answer);
    else say(`${printable(container)} is not drained any more: ${printableLine(where.join(', '))}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ControllerError)) throw error;
    complain(`lbwatch: ${printable(wanted)} is not undrained: ${printableLine(error.message)}\n`);
    return 1;
  }
}
