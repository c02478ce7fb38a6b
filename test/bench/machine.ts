import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

/** What was measured on, a line each: numbers of two machines are not to be compared. */
export function describeMachine(): readonly string[] {
  const [cpu] = cpus();
  return [
    `${String(cpus().length)} cores, ${cpu?.model.trim() ?? 'unknown'}, ${String(Math.round(totalmem() / 2 ** 30))} GiB, Linux ${release()}`,
    `Node.js ${process.version}, Docker engine ${ask('docker', 'version', '--format', '{{.Server.Version}}')}`,
  ];
}

function ask(command: string, ...words: readonly string[]): string {
  try {
    return execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'none';
  }
}
