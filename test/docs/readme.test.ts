/** The README says what is so: its tables against the code. What it tells people to type is run by e2e/readme.test.ts. */
import { expect, test } from '@jest/globals';

import { labelManual } from '../../src/cli/label-manual.ts';
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

test('the table of labels is the manual in the code, and names every label', async () => {
  const rows = readTable(await readReadme(), 'label');
  expect(rows).toEqual(
    Object.entries(labelManual).map(([label, { value, fallback }]) => [`\`${label}\``, value, fallback]),
  );
  expect(Object.keys(labelManual).sort()).toEqual([...knownLabels].sort());
});
