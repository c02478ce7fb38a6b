import { parseArgs } from 'node:util';

import { faultKinds } from './plan.ts';
import type { FaultKind } from './plan.ts';

/** What a run consists of. */
export interface Options {
  readonly seed: number;
  readonly operations: number;
  /** Undefined: all that can be had where it runs; `none`: no faults. */
  readonly only: readonly FaultKind[] | undefined;
  readonly isSoak: boolean;
  readonly isJson: boolean;
  readonly keepsGoing: boolean;
  readonly logFile: string | undefined;
}

const mostOperations = 100_000;

export const usage = `usage: npm run chaos -- [--seed N] [--operations N] [--only FAULT,...|none] [--soak] [--stop-at-first] [--log FILE] [--json]

  --seed           replays the run of that number; by chance
  --operations     how many at least; 500
  --only           of the faults these, or none
  --soak           10,000 events for one controller, and nothing else: do memory and open files stay flat?
  --stop-at-first  ends with the first difference
  --log            where the controller's log is kept, for a look at it later
  --json           the same as data: one object on stdout, everything else on stderr
  FAULT            ${faultKinds.join(', ')}`;

/** Reads the command line. Throws with what is allowed. */
export function readOptions(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      seed: { type: 'string' },
      operations: { type: 'string', default: '500' },
      only: { type: 'string' },
      soak: { type: 'boolean', default: false },
      'stop-at-first': { type: 'boolean', default: false },
      log: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  return {
    seed:
      values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : readNumber('--seed', values.seed, 2 ** 32 - 1),
    operations: readNumber('--operations', values.operations, mostOperations),
    only: values.only === undefined ? undefined : readFaults(values.only),
    isSoak: values.soak,
    isJson: values.json,
    keepsGoing: !values['stop-at-first'],
    logFile: values.log,
  };
}

function readNumber(flag: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new Error(`${flag} is "${text}"; write a whole number from 1 to ${String(most)}`);
}

function readFaults(text: string): readonly FaultKind[] {
  if (text === 'none') return [];
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !faultKinds.some((kind) => kind === name));
  if (unknown !== undefined)
    throw new Error(`--only: there is no "${unknown}"; there is none, ${faultKinds.join(', ')}`);
  return faultKinds.filter((kind) => names.includes(kind));
}
