/** The README says what is so: its tables against the code. What it tells people to type is run by e2e/readme.test.ts. */
import { expect, test } from '@jest/globals';

import { settingsTable } from '../../src/cli/settings.ts';
import { knownLabels } from '../../src/core/labels.ts';
import { readReadme, readTable } from '../support/readme.ts';

test('the table of settings is the table in the code', async () => {
  const rows = readTable(await readReadme(), 'variable');
  expect(rows).toEqual(
    Object.values(settingsTable).map(({ variable, fallback, help }) => {
      return [`\`${variable}\``, fallback === undefined || fallback === '' ? '' : `\`${fallback}\``, help];
    }),
  );
});

test('the table of labels names every label', async () => {
  const rows = readTable(await readReadme(), 'label');
  const named = rows.flatMap(([cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]));
  expect(named.sort()).toEqual([...knownLabels].sort());
});
