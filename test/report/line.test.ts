import { expect, test } from '@jest/globals';

import { renderLine } from '../../src/report/line.ts';

test('a record’s own sentence follows its message, its keys do not', () => {
  expect(renderLine({ level: 30, time: 1, msg: 'pool changed', pool: 'app', line: 'app + a' })).toBe(
    'pool changed: app + a',
  );
});

test('else the keys follow, without what is not for people', () => {
  expect(
    renderLine({ level: 30, time: 'now', msg: 'started', nginx: 'shop-nginx-1', ms: 5, ok: true, none: undefined }),
  ).toBe('started nginx=shop-nginx-1 ms=5 ok=true');
  expect(renderLine({ msg: 'unchanged', reasons: ['resync', 'die'] })).toBe('unchanged reasons=["resync","die"]');
});

test('foreign text cannot break the line', () => {
  expect(renderLine({ msg: 'cut', why: 'a\nb\u001b[2J' })).toBe('cut why=a\\u{a}b\\u{1b}[2J');
});

test('an error brings its stack', () => {
  const err = { type: 'TypeError', message: 'x', stack: 'TypeError: x\n    at y' };
  expect(renderLine({ msg: 'a bug', err })).toBe('a bug\nTypeError: x\n    at y');
  expect(renderLine({ msg: 'a bug', err: 'no error' })).toBe('a bug');
});

test('a record without a message is still a line', () => {
  expect(renderLine({ a: 1 })).toBe(' a=1');
});
