import { execa } from 'execa';

import type { Case } from './cases.ts';
import type { Variant } from './variants.ts';

/** What the lbwatch that is measured can do, by its own help. */
export interface Abilities {
  readonly commands: readonly string[];
  /** As environment variables. */
  readonly settings: readonly string[];
}

const image = 'lbwatch/lbwatch';

export async function askAbilities(): Promise<Abilities> {
  return readAbilities(await help('help'), await help('run', '--help'));
}

/** Reads `lbwatch help` and `lbwatch run --help`. Pure. */
export function readAbilities(help: string, runHelp: string): Abilities {
  return {
    commands: [...help.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name = '']) => name),
    // Every flag is also a variable.
    settings: [...runHelp.matchAll(/^ {2}--([a-z-]+)/gm)].map(
      ([, flag = '']) => `LBWATCH_${flag.toUpperCase().replaceAll('-', '_')}`,
    ),
  };
}

/** Why a case is not run with a variant; undefined where it is. Pure. */
export function whyNot(one: Case, variant: Variant, { commands, settings }: Abilities): string | undefined {
  if (!one.variants.includes(variant.name)) {
    return variant.doesFollow ? 'it would tell nothing new' : 'an upstream written by hand cannot follow';
  }
  if (one.command !== undefined && !commands.includes(one.command)) {
    return `not available: this lbwatch has no command ${one.command}`;
  }
  const unknown = Object.keys(variant.environment).filter(
    (name) => name.startsWith('LBWATCH_') && !settings.includes(name),
  );
  return unknown.length === 0 ? undefined : `not available: this lbwatch has no setting ${unknown.join(', ')}`;
}

async function help(...words: readonly string[]): Promise<string> {
  const { stdout } = await execa('docker', ['run', '--rm', image, ...words]);
  return stdout;
}
