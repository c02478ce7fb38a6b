import { setFlagsFromString } from 'node:v8';

/**
 * Has V8's optimising compilers back, which start.ts leaves out: who reads the tasks of a Swarm again and again is never at
 * rest, and the longer an answer takes, the more seldom it asks.
 */
export function useCompilers(): void {
  for (const flag of ['--opt', '--maglev']) setFlagsFromString(flag);
}
