import { expect, test } from '@jest/globals';

import { readAbilities, whyNot } from './abilities.ts';
import type { Case } from './cases.ts';
import { variants } from './variants.ts';
import type { Variant } from './variants.ts';

const abilities = readAbilities(
  'Usage: lbwatch [options] [command]\n\nOptions:\n  -h, --help   show help\n\nCommands:\n  run [options]  watch\n  drain <container>  out\n',
  'Options:\n  --scope <project>  whose\n                     --not-a-flag\n  --leave-early <on|off>  when\n',
);
const anyCase: Case = {
  name: 'x',
  title: 'x',
  members: {},
  variants: ['lbwatch', 'rules-off'],
  happen: () => Promise.resolve(),
};

test('commands and settings are read from the help', () => {
  expect(abilities).toEqual({ commands: ['run', 'drain'], settings: ['LBWATCH_SCOPE', 'LBWATCH_LEAVE_EARLY'] });
});

test('a case is run where all that it needs is there', () => {
  expect(whyNot({ ...anyCase, command: 'drain' }, named('lbwatch'), abilities)).toBeUndefined();
});

test('it is not where a command, a setting or the sense of it is missing', () => {
  expect(whyNot({ ...anyCase, command: 'undrain' }, named('lbwatch'), abilities)).toContain('no command undrain');
  expect(whyNot(anyCase, named('rules-off'), abilities)).toContain('no setting LBWATCH_CHECKS, LBWATCH_HANDOVER');
  expect(whyNot(anyCase, named('static'), abilities)).toContain('cannot follow');
});

function named(name: Variant['name']): Variant {
  const variant = variants.find((one) => one.name === name);
  if (variant === undefined) throw new Error(`no variant ${name}`);
  return variant;
}
