/** docs/metrics.md says what is so: its tables against what /metrics gives and what the example alerts on. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { renderAllMetrics } from '../support/all-metrics.ts';
import { root } from '../support/journey.ts';
import { readFamilies } from '../support/metrics-text.ts';
import { readTable } from '../support/readme.ts';

test('the table of metrics is what /metrics gives', async () => {
  const rows = readTable(await readFile(join(root, 'docs/metrics.md'), 'utf8'), 'metric');
  const families = readFamilies(await renderAllMetrics());
  expect(rows).toEqual(
    families.map(({ name, type, labels, help }) => {
      return [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(', '), help];
    }),
  );
});

test('the table of label values has each, and no other', async () => {
  const text = await renderAllMetrics();
  const rows = readTable(await readFile(join(root, 'docs/metrics.md'), 'utf8'), 'of');
  for (const [of = '', label = '', values = ''] of rows) {
    const name = of.replaceAll('`', '');
    const series = text.matchAll(new RegExp(`^${name}(?:_count)?\\{.*\\b${label.replaceAll('`', '')}="(\\w+)"`, 'gm'));
    const given = [...new Set([...series].map(([, value = '']) => value))].sort();
    expect({ of, label, values: [...values.matchAll(/`(\w+)`/g)].map(([, value = '']) => value).sort() }).toEqual({
      of,
      label,
      values: given,
    });
  }
  expect(rows.length).toBeGreaterThan(5);
});

test('the table of alerts names each of the example, in its order', async () => {
  const rows = readTable(await readFile(join(root, 'docs/metrics.md'), 'utf8'), 'alert');
  const alerts = await readFile(join(root, 'examples/prometheus/alerts.yml'), 'utf8');
  expect(rows.map(([name]) => name)).toEqual(
    [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => `\`${name}\``),
  );
});
