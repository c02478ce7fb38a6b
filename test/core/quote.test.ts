import { describe, expect, test } from '@jest/globals';

import { quoteAddress, quoteComment, quoteHashKey, quoteInteger, quoteName } from '../../src/core/quote.ts';
import { readCorpus } from './hostile/corpus.ts';

describe('the only door to nginx', () => {
  test('lets tokens through as they are', () => {
    expect(quoteName('app')).toBe('app');
    expect(quoteAddress('10.0.0.1:80')).toBe('10.0.0.1:80');
    expect(quoteAddress('[fd00::1]:65535')).toBe('[fd00::1]:65535');
    expect(quoteAddress('[::ffff:10.0.0.1]:80')).toBe('[::ffff:10.0.0.1]:80');
    expect(quoteInteger(0)).toBe('0');
    expect(quoteHashKey('$host:$uri', 'http')).toBe('$host:$uri');
    expect(quoteComment('shop-app-1')).toBe('shop-app-1');
  });

  const addresses = ['6.6.6.6:80', '[::1]:80'];
  test.each(readCorpus())('$name is what the corpus says and no more', ({ text, acceptedBy }) => {
    if (acceptedBy.includes('lb.pool')) expect(quoteName(text)).toBe(text);
    else expect(() => quoteName(text)).toThrow(TypeError);
    if (addresses.includes(text)) expect(quoteAddress(text)).toBe(text);
    else expect(() => quoteAddress(text)).toThrow(TypeError);
    if (text !== '$host') expect(() => quoteHashKey(text, 'http')).toThrow(TypeError);
    expect(() => quoteHashKey(text, 'tcp')).toThrow(TypeError);
    expect(quoteComment(text)).toMatch(/^(?:[A-Za-z0-9][A-Za-z0-9_.-]*|\(name left out\))$/);
  });

  test('a hash key is one of its protocol only', () => {
    expect(quoteHashKey('$remote_addr:$remote_port', 'tcp')).toBe('$remote_addr:$remote_port');
    expect(() => quoteHashKey('$uri', 'tcp')).toThrow('cannot be written');
    expect(() => quoteHashKey('$protocol', 'http')).toThrow('cannot be written');
  });

  test.each([
    ...['10.0.0.1', '10.0.0.1:0', '10.0.0.1:080', '10.0.0.1:65536', '10.0.0.256:80', '10.0.0:80', '10.0.0.1:80 backup'],
    ...['fd00::1:80', '[fd00::1]', '[fd00::1]:', '[10.0.0.1]:80', '[fe80::1%eth0]:80', 'app:80', ':80', '010.0.0.1:80'],
  ])('refuses the address %j', (text) => {
    expect(() => quoteAddress(text)).toThrow('cannot be written');
  });

  test.each([-1, 1.5, Number.NaN, Infinity, 2 ** 53])('refuses the number %d', (value) => {
    expect(() => quoteInteger(value)).toThrow('cannot be written');
  });

  test.each(['', 'a b', 'a\n', '-a', 'a;', 'ä', 'a'.repeat(256)])('leaves the comment %j out', (text) => {
    expect(quoteComment(text)).toBe('(name left out)');
  });
});
