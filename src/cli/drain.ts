import * as z from 'zod';

import { maxDrainMs, parseDurationMs } from '../core/values.ts';
import { printable, printableLine } from '../core/printable.ts';
import { ControllerError, command, controllerAt } from './ask-controller.ts';
import { complain, say, sayJson } from './say.ts';
import { BadSetting } from './settings.ts';
import type { Settings } from './settings.ts';

export interface DrainOptions {
  readonly isWaiting: boolean;
  /** As it was written; undefined: what the container's lb.drain says. */
  readonly timeout: string | undefined;
  readonly isJson: boolean;
}

const timeIsUp = 6;
/** Beyond the controller's own patience with nginx, so that its reasons are heard. */
const answerMs = 30_000;
/** One question waits so long at most; a longer wait is several. */
const holdMs = 20_000;

const answerSchema = z.object({
  container: z.string(),
  drained: z.boolean(),
  acknowledged: z.boolean(),
  connections: z.number().nullable(),
  drainMs: z.number(),
});
type Answer = z.infer<typeof answerSchema>;

/**
 * Has the running controller take a container out, and waits for its last connection where that is wanted. Answers the
 * exit code: 0 drained, 6 when the time is up with connections left (or where they cannot be counted), 1 where it failed.
 */
export async function drain(settings: Settings, wanted: string, options: DrainOptions): Promise<number> {
  const beganMs = performance.now();
  const timeoutMs = options.timeout === undefined ? undefined : readTimeoutMs(options.timeout);
  if (timeoutMs !== undefined && !options.isWaiting) throw new BadSetting('--timeout is of use with --wait only');
  const ask = (path: string, withinMs: number): Promise<Answer> =>
    command(controllerAt(settings), path, withinMs, { container: wanted }, answerSchema);
  try {
    let answer = await ask('/drain', answerMs);
    const givenMs = timeoutMs ?? answer.drainMs;
    const leftMs = (): number => Math.ceil(beganMs + givenMs - performance.now());
    let hasHeld = !options.isWaiting;
    while (answer.drained && leftMs() > 0 && !(hasHeld && isDone(answer, options))) {
      const waitMs = Math.min(holdMs, leftMs());
      answer = await ask(`/drain?wait=${String(waitMs)}ms`, answerMs + waitMs);
      hasHeld = true;
    }
    return report(answer, givenMs, options);
  } catch (error) {
    if (!(error instanceof ControllerError)) throw error;
    complain(`lbwatch: ${printable(wanted)} is not drained as asked: ${printableLine(error.message)}\n`);
    return 1;
  }
}

function isDone({ connections }: Answer, { isWaiting }: DrainOptions): boolean {
  return !isWaiting || connections === 0;
}

function report(answer: Answer, givenMs: number, options: DrainOptions): number {
  const code = !answer.drained ? 1 : isDone(answer, options) ? 0 : timeIsUp;
  if (options.isJson) sayJson(answer);
  else (code === 0 ? say : complain)(`${describe(answer, code, givenMs)}\n`);
  return code;
}

function describe({ container, drained, connections }: Answer, code: number, givenMs: number): string {
  const who = printable(container);
  if (!drained) return `the drain of ${who} ended while it was waited for`;
  const left =
    connections === null
      ? 'how many connections nginx still has to it cannot be told'
      : `nginx ${code === 0 ? 'has' : 'still has'} ${countOf(connections)} to it`;
  return code === 0
    ? `${who} is drained; ${left}`
    : `${who} is drained, but the time is up (${String(givenMs / 1000)} s): ${left}`;
}

function countOf(connections: number): string {
  if (connections === 0) return 'no connection';
  return connections === 1 ? '1 connection' : `${String(connections)} connections`;
}

function readTimeoutMs(text: string): number {
  const parsed = parseDurationMs(text, 1, maxDrainMs);
  if (parsed.ok) return parsed.value;
  throw new BadSetting(`--timeout is "${printable(text)}"; allowed: ${parsed.expected}`);
}

export const drainHelp = `
The running controller writes the drain down, and answers when nginx has acknowledged a configuration without the
container and its old workers accept no more. A drain outlasts restarts of the controller and of the container; it ends
with lbwatch undrain, or when the container is removed.

--wait then waits until nginx has no TCP connection to the container. It is told by the connection tables of nginx's
network namespace, so
  - connections that another program in there has to the same address and port count too;
  - a connection on which the container has ended its side counts no more, though nginx may still be sending;
  - a request that an old worker of nginx is still receiving has no connection yet; nginx tries another member
    where the container is gone by the time it is complete;
  - udp has no connections, and where the tables cannot be read the number is unknown: then the whole time is waited.
nginx itself cuts what old workers have left after its worker_shutdown_timeout.

Exit codes: 0 drained (with --wait: and no connection left), 6 the time is up with connections left or unknown,
1 it failed, and the message says why.`;
