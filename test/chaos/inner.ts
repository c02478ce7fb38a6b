/** The run itself, in the space that `own-space.ts` has made for it. */
import { readOptions } from './options.ts';
import { run } from './run.ts';

const interrupting = new AbortController();
process.on('disconnect', () => {
  interrupting.abort();
});
// A terminal sends it to everybody; the program outside says what is to be done.
process.on('SIGINT', () => undefined);
try {
  const directory = process.env['CHAOS_DIRECTORY'] ?? '';
  process.exitCode = await run(readOptions(process.argv.slice(2)), { directory, isOwn: true }, interrupting.signal);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
} finally {
  // Else the channel keeps this process alive.
  if (process.connected) process.disconnect();
}
