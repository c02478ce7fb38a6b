import { describe, expect, test } from '@jest/globals';

import { groups } from './groups.ts';
import { readOptions } from './options.ts';

describe('the command line', () => {
  const named = (...words: readonly string[]): readonly string[] => readOptions(words).groups.map(({ name }) => name);
  const all = groups.map(({ name }) => name);

  test('runs every group, with --quick those that are, with --only those named', () => {
    expect(named()).toEqual(all);
    expect(named('--quick')).toEqual(groups.filter(({ isQuick }) => isQuick).map(({ name }) => name));
    expect(named('--only', 'nginx, containers')).toEqual(['containers', 'nginx']);
    expect(named('--only', 'nginx', '--quick')).toEqual(['nginx']);
  });

  test('says which groups there are', () => {
    expect(() => readOptions(['--only', 'nothing'])).toThrow(`there is no "nothing"; there is ${all.join(', ')}`);
  });

  test('writes the document of a whole run only', () => {
    expect(readOptions(['--write']).doesWrite).toBe(true);
    expect(() => readOptions(['--write', '--quick'])).toThrow('--write takes a whole run');
    expect(() => readOptions(['--write', '--only', 'nginx'])).toThrow('--write takes a whole run');
    expect(() => readOptions(['--wrong'])).toThrow('--wrong');
  });
});
