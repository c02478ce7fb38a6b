import { printable } from '../core/printable.ts';
import type { Verdict, Worker } from '../loop/ports.ts';
import type { Process } from './docker-map.ts';

/** What nginx says of itself: process titles (ngx_setproctitle), `-t`, `-T`. */

export function isMaster(command: string): boolean {
  return command.startsWith('nginx: master process');
}

export function isWorker(command: string): boolean {
  return command.startsWith('nginx: worker process');
}

/** Whether a worker accepts no new connections any more. */
function isQuitting(command: string): boolean {
  return command.includes('is shutting down');
}

/** The workers among processes. */
export function pickWorkers(processes: readonly Process[]): readonly Worker[] {
  return processes
    .filter(({ command }) => isWorker(command))
    .map(({ pid, command }) => ({ pid, isQuitting: isQuitting(command) }));
}

/** `-c` and `-p` of a master's command line, so that a test reads the configuration which the master reads. */
export function masterArguments(command: string): readonly string[] {
  const words = command.split(' ');
  return words.flatMap((word, index) => {
    const value = words[index + 1];
    return (word === '-c' || word === '-p') && value !== undefined ? [word, value] : [];
  });
}

/** The outcome of `nginx -t`: where it refuses, its own `[emerg]` message. */
export function readVerdict(exitCode: number, output: string): Verdict {
  if (exitCode === 0) return { accepted: true };
  const message = /\[emerg\] (?:\d+#\d+: )?(.*)/.exec(output)?.[1] ?? output.trim().split('\n').at(-1) ?? '';
  return {
    accepted: false,
    message: printable(message === '' ? `nginx -t exited with ${String(exitCode)}` : message, 400),
  };
}

/** The files named in the output of `nginx -T`. */
export function listConfigurationFiles(output: string): readonly string[] {
  return [...output.matchAll(/^# configuration file (.+):$/gm)].map((match) => match[1] ?? '');
}
