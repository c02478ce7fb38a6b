import { Held } from './adapters/held.ts';
import { dropPrivileges } from './adapters/privileges.ts';
import { createProgram } from './cli/program.ts';
import { complain, whenAllIsRead } from './cli/say.ts';
import { BadSetting } from './cli/settings.ts';
import { printableLine } from './core/printable.ts';
import { AppError } from './loop/ports.ts';

/** Arguments in, exit code out; the only place that ends the process. */
async function main(): Promise<void> {
  // Node.js would open its debugger on loopback, for whoever gets there to run what they like. The image forbids it from the start.
  process.on('SIGUSR1', () => undefined);
  if (!worksOnOwnFiles(process.argv[2])) dropPrivileges(process.env);
  const program = createProgram(process.env, exit);
  await program.parseAsync(process.argv);
}

/** These read and write what is the caller's, and neither the engine's socket nor the shared directory. */
function worksOnOwnFiles(command: string | undefined): boolean {
  return command === 'check' || command === 'init';
}

function exit(code: number): void {
  whenAllIsRead(() => process.exit(code));
}

main().catch((error: unknown) => {
  const isExpected = error instanceof BadSetting || error instanceof AppError;
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  complain(`lbwatch: ${isExpected ? printableLine(error.message) : words}\n`);
  exit(error instanceof BadSetting ? 2 : error instanceof Held ? 6 : 1);
});
