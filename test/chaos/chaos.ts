/**
 * Whatever can happen to a sidecar happens to the shipped stack, by a seed that can be replayed; and after each step the
 * engine, lbwatch and nginx must agree. Ends with exit code 1 where they did not.
 */
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { runProgram } from '../support/program.ts';
import { readOptions, usage } from './options.ts';
import type { Options } from './options.ts';
import { makeSharedSpace, runInOwnSpace, whyNoOwnEngine } from './own-space.ts';
import { run } from './run.ts';

const inner = fileURLToPath(new URL('inner.ts', import.meta.url));

async function main(options: Options, interrupted: AbortSignal): Promise<number> {
  const why = await whyNoOwnEngine();
  // The seed of a run is known before anything happens.
  if (why === undefined)
    return runInOwnSpace(inner, [...process.argv.slice(2), '--seed', String(options.seed)], interrupted);
  process.stderr.write(
    `no engine of the run's own: ${why}. It uses the engine that is there and leaves out what would harm it: ` +
      'the engine stopped or killed, processes killed by number, the disk full, the directory read-only or lost.\n',
  );
  const space = await makeSharedSpace();
  try {
    return await run(options, space, interrupted);
  } finally {
    await rm(space.directory, { recursive: true, force: true });
  }
}

await runProgram({ usage, readOptions, main });
