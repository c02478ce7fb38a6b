import { describe, expect, test } from '@jest/globals';

import { atMost, round } from './group.ts';
import { renderMarkdown, renderText, renderVerdict } from './report.ts';
import type { Result } from './report.ts';
import { median, quantile } from './samples.ts';

const result: Result = {
  group: { name: 'some', title: 'Something' },
  finding: {
    tables: [{ title: 'Costs', head: ['members', 'ms'], rows: [['10', '1.5']] }],
    aims: [atMost('the time', 1.5, 2, 'ms'), atMost('calls', 3, 1, '', 'count')],
    notes: ['Mind the machine.'],
  },
};

describe('a result', () => {
  test('as text says what was aimed at, and whether it was met', () => {
    expect(renderText(result)).toEqual([
      '',
      'Something (some)',
      '',
      'Costs',
      'members  ms',
      '     10  1.5',
      '',
      '✓ the time: 1.5 ms (aim: ≤ 2 ms)',
      '✗ calls: 3 (aim: ≤ 1)',
      '',
      'Mind the machine.',
    ]);
    expect(renderVerdict([result, result])).toBe('2 of 4 aims met');
  });

  test('as a document has the machine, the command and all tables', () => {
    const text = renderMarkdown([result], ['2 cores'], 'npm run bench');
    expect(text).toContain('What `npm run bench` printed');
    expect(text).toContain('- 2 cores\n');
    expect(text).toContain('Costs:\n\n| members | ms |\n| --- | --- |\n| 10 | 1.5 |\n');
    expect(text).toContain('| calls | ≤ 1 | 3 | **no** |');
    expect(text).toContain('- Mind the machine.\n');
  });
});

describe('samples', () => {
  test('by nearest rank', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2);
    expect(quantile([5, 1, 2, 3, 4], 0.95)).toBe(5);
    expect(quantile([5, 1, 2, 3, 4], 0)).toBe(1);
    expect(median([])).toBeNaN();
  });

  test('with three digits that count', () => {
    expect([1234.5, 123.4, 12.345, 0.012345, 0, NaN].map(round)).toEqual(['1235', '123', '12.3', '0.0123', '0', '-']);
  });

  test('a number that is none meets no aim', () => {
    expect(atMost('something', NaN, 1, '').isMet).toBe(false);
  });
});
