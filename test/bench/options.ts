import { parseArgs } from 'node:util';

import type { Group } from './group.ts';
import { groups } from './groups.ts';

/** What a run consists of. */
export interface Options {
  readonly groups: readonly Group[];
  readonly isQuick: boolean;
  readonly isJson: boolean;
  /** Writes the tables to docs/performance.md. */
  readonly doesWrite: boolean;
}

export const usage = `usage: npm run bench -- [--only GROUP,...] [--quick] [--json] [--write]

  --quick   fewer repeats and smaller sizes, and of the groups: ${named(groups.filter(({ isQuick }) => isQuick))}
  --json    the same as data: one object on stdout, everything else on stderr
  --write   puts the tables of a whole run into docs/performance.md
  GROUP     ${named(groups)}`;

/** Reads the command line. Throws with what is allowed. */
export function readOptions(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  if (values.write && (values.quick || values.only !== undefined)) {
    throw new Error('--write takes a whole run; leave out --quick and --only');
  }
  return {
    groups: choose(values.only).filter(({ isQuick }) => isQuick || !values.quick || values.only !== undefined),
    isQuick: values.quick,
    isJson: values.json,
    doesWrite: values.write,
  };
}

function choose(names?: string): readonly Group[] {
  if (names === undefined) return groups;
  const wanted = names.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !groups.some((group) => group.name === name));
  if (unknown !== undefined) throw new Error(`--only: there is no "${unknown}"; there is ${named(groups)}`);
  return groups.filter(({ name }) => wanted.includes(name));
}

function named(list: readonly { readonly name: string }[]): string {
  return list.map(({ name }) => name).join(', ');
}
