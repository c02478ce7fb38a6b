import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

import type { Connection } from '../../src/adapters/exec.ts';

/** The shells of this machine, as words: what `sh` is in one image or another. */
export const shells: readonly (readonly string[])[] = [['sh'], ['dash'], ['bash', '--posix'], ['busybox', 'sh']].filter(
  ([file = '', ...words]) => spawnSync(file, [...words, '-c', ':']).status === 0,
);

/** A shell as a process of this machine. */
export function spawnShell([file = 'sh', ...words]: readonly string[] = ['sh']): {
  readonly connection: Connection;
  readonly process: ChildProcess;
} {
  const child = spawn(file, words, { stdio: ['pipe', 'pipe', 'ignore'] });
  const connection: Connection = {
    input: child.stdin,
    output: child.stdout,
    close: () => {
      child.stdin.destroy();
      child.stdout.destroy();
    },
    hold: () => undefined,
  };
  return { connection, process: child };
}
