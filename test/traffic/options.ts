import { parseArgs } from 'node:util';

import { cases } from './cases.ts';
import type { Case } from './cases.ts';
import { variants } from './variants.ts';
import type { Variant } from './variants.ts';

/** What a run consists of. */
export interface Options {
  readonly cases: readonly Case[];
  readonly variants: readonly Variant[];
  readonly ratePerSecond: number;
  readonly isJson: boolean;
}

const mostPerSecond = 2000;

export const usage = `usage: npm run traffic -- [--only CASE,...] [--variant VARIANT,...] [--quick] [--rate N] [--json]

  --quick   lbwatch alone, and of the cases: ${named(cases.filter(({ isQuick }) => isQuick === true))}
  --rate    requests a second of all clients together, at most ${String(mostPerSecond)}; 300
  --json    the same as data: one object on stdout, everything else on stderr
  CASE      ${named(cases)}
  VARIANT   ${named(variants)}`;

/** Reads the command line. Throws with what is allowed. */
export function readOptions(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: 'string' },
      variant: { type: 'string' },
      quick: { type: 'boolean', default: false },
      rate: { type: 'string', default: '300' },
      json: { type: 'boolean', default: false },
    },
  });
  const ratePerSecond = Number(values.rate);
  if (!Number.isInteger(ratePerSecond) || ratePerSecond < 1 || ratePerSecond > mostPerSecond) {
    throw new Error(`--rate is "${values.rate}"; write a whole number from 1 to ${String(mostPerSecond)}`);
  }
  // What is asked for by name is run, quick or not.
  const isWanted = values.quick && values.only === undefined ? (one: Case) => one.isQuick === true : () => true;
  return {
    cases: choose('--only', cases, values.only).filter(isWanted),
    variants: choose('--variant', variants, values.variant ?? (values.quick ? 'lbwatch' : undefined)),
    ratePerSecond,
    isJson: values.json,
  };
}

function choose<T extends { readonly name: string }>(flag: string, from: readonly T[], names?: string): readonly T[] {
  if (names === undefined) return from;
  const wanted = names.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !from.some((one) => one.name === name));
  if (unknown !== undefined) throw new Error(`${flag}: there is no "${unknown}"; there is ${named(from)}`);
  return from.filter(({ name }) => wanted.includes(name));
}

function named(list: readonly { readonly name: string }[]): string {
  return list.map(({ name }) => name).join(', ');
}
