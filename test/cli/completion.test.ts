/** The completion scripts, in real shells: bash, and zsh and fish where they are installed. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { renderCompletion } from '../../src/cli/completion.ts';
import { createProgram } from '../../src/cli/program.ts';

const program = createProgram({}, () => undefined);
const commands = program.commands.map((command) => command.name()).sort();

/** What a person has typed behind `lbwatch`, the last word still open, and what the shell must offer. */
const cases: readonly (readonly [string, readonly string[]])[] = [
  ['', commands],
  ['un', ['undrain']],
  ['render --di', ['--diff', '--dir']],
  ['run --handover ', ['off', 'on']],
  ['drain sho', ['shop-app-1', 'shop-app-2']],
  ['explain shop-app-1', ['shop-app-1']],
  ['completion ', ['bash', 'fish', 'zsh']],
  ['help ex', ['exit-codes', 'explain']],
  ['health x', []],
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lbwatch-completion-'));
  // In the place of an engine: a name that a shell must not take for more than it is.
  const rows = ['shop-app-1', 'shop-app-2', 'shop-$(touch hacked)', "shop-';touch hacked;'"].map((container) => ({
    container,
  }));
  await writeFile(join(folder, 'rows.json'), JSON.stringify(rows, null, 2).replaceAll('"\n', '",\n"pool": null\n'));
  await writeFile(join(folder, 'lbwatch'), `#!/bin/sh\n[ "$1 $2" = 'explain --json' ] && cat '${folder}/rows.json'\n`);
  await chmod(join(folder, 'lbwatch'), 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

function run(shell: string, script: string): readonly string[] {
  const path = `${folder}${delimiter}${process.env['PATH'] ?? ''}`;
  const file = join(folder, 'script');
  writeFileSync(file, script);
  const result = spawnSync(shell, [...(shellOptions[shell] ?? []), file], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: path, HOME: folder, TERM: 'dumb' },
  });
  expect(result.stderr).toBe('');
  return result.stdout
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

const shellOptions: Readonly<Record<string, readonly string[]>> = {
  bash: ['--norc', '--noprofile'],
  zsh: ['-f'],
  fish: ['--no-config'],
};

function scriptOf(shell: string): string {
  const script = renderCompletion(shell, program, ['labels', 'settings', 'exit-codes', 'files']);
  if (script === undefined) throw new Error(`no script for ${shell}`);
  return script;
}

describe('bash', () => {
  test.each(cases)('lbwatch %s', (typed, expected) => {
    const words = typed.split(' ');
    const ask = `COMP_WORDS=(lbwatch ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${String(words.length)}; _lbwatch; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const offered = run('bash', `${scriptOf('bash')}\n${ask}\n`);
    expect(offered.filter((word) => typed !== '' || !word.startsWith('--'))).toEqual(expected);
  });

  test('files for check, and nothing of a name is run', () => {
    const ask = `COMP_WORDS=(lbwatch check row); COMP_CWORD=2; _lbwatch; printf '%s\\n' "\${COMPREPLY[@]}"; ls`;
    expect(run('bash', `${scriptOf('bash')}\n${ask}\n`)).toEqual(['lbwatch', 'rows.json', 'rows.json', 'script']);
  });
});

/** In zsh completion happens in the line editor only: what would be offered is printed in its stead. */
const zshHarness = `
compdef() { : }
_describe() { print -l -- \${\${(P)2}%%:*} | grep -- "^$PREFIX" }
compadd() { print -l -- \${(P)2} | grep -- "^$PREFIX" }
_files() { : }
_arguments() {
  local spec value
  if [[ $words[-2] == --* ]]; then
    for spec in "$@"; do
      [[ $spec == $words[-2]'['* && $spec =~ '\\(([a-z ]+)\\)$' ]] && print -l -- \${(s: :)match[1]} | grep -- "^$PREFIX"
    done
    return
  fi
  for spec in "$@"; do
    if [[ $PREFIX == -* ]]; then [[ $spec == --* ]] && print -r -- \${spec%%'['*} | grep -- "^$PREFIX"
    elif [[ $spec == 1:*:_* ]]; then \${spec##*:}
    elif [[ $spec == 1:*'('* ]]; then print -l -- \${(s: :)\${\${spec#*\\(}%\\)}} | grep -- "^$PREFIX"
    fi
  done
}
`;

(isThere('zsh') ? describe : describe.skip)('zsh', () => {
  test.each(cases)('lbwatch %s', (typed, expected) => {
    const words = typed.split(' ');
    const ask = `words=(lbwatch ${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${String(words.length + 1)}; PREFIX='${words.at(-1) ?? ''}'; _lbwatch`;
    expect(run('zsh', `${zshHarness}${scriptOf('zsh')}\n${ask}\n`)).toEqual(expected);
  });
});

(isThere('fish') ? describe : describe.skip)('fish', () => {
  test.each(cases)('lbwatch %s', (typed, expected) => {
    const offered = run('fish', `${scriptOf('fish')}\ncomplete -C 'lbwatch ${typed}'\n`);
    expect(offered.map((line) => line.split('\t')[0])).toEqual(expected);
  });
});

test('no script for another shell', () => {
  expect(renderCompletion('tcsh', program, [])).toBeUndefined();
  expect(renderCompletion('constructor', program, [])).toBeUndefined();
});

function isThere(shell: string): boolean {
  return spawnSync(shell, ['--version']).status === 0;
}
