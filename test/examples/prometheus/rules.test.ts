/** The alerts and the configuration of examples/prometheus, as Prometheus' own tool sees them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { root } from '../../support/journey.ts';
import { promtool } from '../../support/prometheus.ts';

const example = join(root, 'examples/prometheus');
const unitTests = join(import.meta.dirname, 'alerts.test.yml');

test('promtool accepts the configuration and its rules', () => {
  const { code, said } = promtool(['check', 'config', join(example, 'prometheus.yml')]);
  expect(said).toMatch(/SUCCESS: \d+ rules found/);
  expect(code).toBe(0);
});

test('each alert fires when it should, and not before', () => {
  expect(promtool(['test', 'rules', unitTests])).toEqual({ code: 0, said: expect.stringContaining('SUCCESS') });
});

test('no alert is without a test', async () => {
  const listed = (text: string, key: string): readonly string[] =>
    [...text.matchAll(new RegExp(`^ *- ${key}: (\\w+)$`, 'gm'))].map(([, name = '']) => name);
  const alerts = listed(await readFile(join(example, 'alerts.yml'), 'utf8'), 'alert');
  expect(alerts.length).toBeGreaterThan(5);
  expect(listed(await readFile(unitTests, 'utf8'), 'name')).toEqual(alerts);
});
