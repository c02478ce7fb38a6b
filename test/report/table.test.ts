import { expect, test } from '@jest/globals';

import { renderTable } from '../../src/report/table.ts';

test('columns are as wide as their widest cell, the last one is ragged', () => {
  expect(
    renderTable(
      ['CONTAINER', 'POOL', 'REASON'],
      [
        ['shop-app-1', 'app', 'running'],
        ['a', 'flaskappproxy', 'no lb.pool or lb.backup label'],
      ],
    ),
  ).toBe(
    'CONTAINER   POOL           REASON\n' +
      'shop-app-1  app            running\n' +
      'a           flaskappproxy  no lb.pool or lb.backup label\n',
  );
});

test('without rows there is the head', () => {
  expect(renderTable(['A', 'B'], [])).toBe('A  B\n');
});
