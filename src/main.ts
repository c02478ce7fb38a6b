import { Held } from './adapters/claim.ts';
import { dropPrivileges } from './adapters/privileges.ts';
import { createProgram } from './cli/program.ts';
import { complain } from './cli/say.ts';
import { BadSetting } from './cli/settings.ts';
import { printableLine } from './core/printable.ts';
import { AppError } from './loop/ports.ts';

/** Arguments in, exit code out; the only place that ends the process. */
async function main(): Promise<void> {
  if (!worksOnOwnFiles(process.argv[2])) dropPrivileges(process.env);
  const program = createProgram(process.env, (code) => process.exit(code));
  await program.parseAsync(process.argv);
}

/** These read and write what is the caller's, and neither the engine's socket nor the shared directory. */
function worksOnOwnFiles(command: string | undefined): boolean {
  return command === 'check' || command === 'init';
}

main().catch((error: unknown) => {
  const isExpected = error instanceof BadSetting || error instanceof AppError;
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  complain(`lbwatch: ${isExpected ? printableLine(error.message) : words}\n`);
  process.exit(error instanceof BadSetting ? 2 : error instanceof Held ? 6 : 1);
});
