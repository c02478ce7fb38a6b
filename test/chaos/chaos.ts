/**
 * Whatever can happen to a sidecar happens to the shipped stack, by a seed that can be replayed; and after each step the
 * engine, lbwatch and nginx must agree. Ends with exit code 1 where they did not.
 */
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { readOptions, usage } from './options.ts';
import type { Options } from './options.ts';
import { makeSharedSpace, runInOwnSpace, whyNoOwnEngine } from './own-space.ts';
import { run } from './run.ts';

const inner = fileURLToPath(new URL('inner.ts', import.meta.url));

async function main(options: Options, words: readonly string[], interrupted: AbortSignal): Promise<number> {
  const why = await whyNoOwnEngine();
  // The seed of a run is known before anything happens.
  if (why === undefined) return runInOwnSpace(inner, [...words, '--seed', String(options.seed)], interrupted);
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

/** The command line as it is meant, or undefined after saying what is wrong with it. */
function readCommandLine(words: readonly string[]): Options | undefined {
  try {
    return readOptions(words);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${usage}\n`);
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An interrupted run still removes what it made. */
function interruptOnSignals(): AbortSignal {
  const controller = new AbortController();
  // Not `once`: where nobody listens any more, a library that also hears the signal ends the process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      process.stderr.write('interrupted: removing what was started\n');
      controller.abort(new Error('interrupted'));
    });
  }
  return controller.signal;
}

const words = process.argv.slice(2);
const options = words.includes('--help') ? undefined : readCommandLine(words);
if (words.includes('--help')) process.stdout.write(`${usage}\n`);
else if (options === undefined) process.exitCode = 2;
else {
  try {
    process.exitCode = await main(options, words, interruptOnSignals());
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
