import { messageOf } from '../../src/core/error-words.ts';

/** A program of the clone's, such as `npm run traffic`. */
export interface Program<Options> {
  /** Printed for `--help`, and after what is wrong with the command line. */
  readonly usage: string;
  /** Throws with what is allowed. */
  readonly readOptions: (words: readonly string[]) => Options;
  /** Answers the exit code. Interrupted, it still removes what it made. */
  readonly main: (options: Options, interrupted: AbortSignal) => Promise<number>;
}

/** Runs it with the words of the command line, and sets the exit code: 2 where these are wrong, 1 where it breaks. */
export async function runProgram<Options>({ usage, readOptions, main }: Program<Options>): Promise<void> {
  const words = process.argv.slice(2);
  if (words.includes('--help')) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  let options: Options;
  try {
    options = readOptions(words);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${usage}\n`);
    process.exitCode = 2;
    return;
  }
  try {
    process.exitCode = await main(options, interruptOnSignals());
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

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
