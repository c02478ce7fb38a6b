import { expect, test } from '@jest/globals';

import { interpolate, listVariables } from '../../src/stack/interpolate.ts';

const variables = { NAME: 'app', EMPTY: '', _x1: 'y' };

test.each([
  ['', ''],
  ['plain', 'plain'],
  ['$NAME', 'app'],
  ['${NAME}', 'app'],
  ['a-$NAME-b', 'a-app-b'],
  ['$NAME$_x1', 'appy'],
  ['$MISSING', ''],
  ['${MISSING}', ''],
  ['$$NAME', '$NAME'],
  ['$$$NAME', '$app'],
  ['$${NAME}', '${NAME}'],
  ['${MISSING-or}', 'or'],
  ['${EMPTY-or}', ''],
  ['${EMPTY:-or}', 'or'],
  ['${NAME:-or}', 'app'],
  ['${MISSING:-}', ''],
  ['${MISSING:-a}b}', 'ab}'],
  ['${MISSING:-${NAME}}', 'app'],
  ['${MISSING:-${ALSO:-$NAME}}!', 'app!'],
  ['${NAME:+set}', 'set'],
  ['${EMPTY:+set}', ''],
  ['${EMPTY+set}', 'set'],
  ['${NAME:?must be set}', 'app'],
  ['${EMPTY?must be set}', ''],
])('%s is %s', (text, expected) => {
  expect(interpolate(text, variables)).toBe(expected);
});

test.each([
  ['$', '"$" has a "$" that is no variable; write $$ for a "$"'],
  ['5 $ each', '"5 $ each" has a "$" that is no variable; write $$ for a "$"'],
  ['${NAME', '"${NAME" has a "${" without its "}"; write $$ for a "$"'],
  ['${}', '"${}" names no variable; write $$ for a "$"'],
  ['${1}', '"${1}" names no variable; write $$ for a "$"'],
  ['${MISSING:?it is needed}', 'variable MISSING has to be set: it is needed'],
  ['${EMPTY:?}', 'variable EMPTY has to be set: the file says so'],
])('%s is refused', (text, expected) => {
  expect(() => interpolate(text, variables)).toThrow(expected);
});

test('variables behind one $ are found, and none behind two', () => {
  expect(listVariables('hash $request_uri$$arg_x${host:-y}')).toEqual(['request_uri', 'host']);
});
