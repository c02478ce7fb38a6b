/**
 * Holds the lab's outer space for as long as its standard input is open; then ends everything in it and removes what is
 * left. A process of its own, which no terminal's signal reaches: so all is removed also where the program that reads here
 * is killed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';

import { removeCgroups } from '../../chaos/own-cgroup.ts';
import { onlyChildOf } from './children.ts';

const [directory = ''] = process.argv.slice(2);

// The switch that all machines are plugged into. A shell that reads reaps what dead machines leave behind.
const prepare = `set -e
ip link set lo up
ip link add switch type bridge
ip link set switch up
echo ready
while read -r line; do :; done`;

const space = spawn(
  'unshare',
  ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', prepare],
  { stdio: ['pipe', 'pipe', 'inherit'] },
);
const ended = once(space, 'exit');
try {
  const [said] = (await Promise.race([once(space.stdout, 'data'), ended])) as [unknown];
  if (String(said).trim() !== 'ready') throw new Error('the space of the lab cannot be made');
  process.stdout.write(`${String(await onlyChildOf(space.pid ?? 0))}\n`);
  process.stdin.resume();
  await Promise.race([once(process.stdin, 'close'), once(process.stdin, 'end'), ended]);
} finally {
  space.kill('SIGKILL');
  await ended;
  await removeCgroups(directory);
  // The last processes in it may need a moment to be gone.
  await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  await removeCgroups(directory);
}
