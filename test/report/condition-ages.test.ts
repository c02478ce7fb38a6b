import { describe, expect, test } from '@jest/globals';

import type { Membership } from '../../src/core/model.ts';
import { ConditionAges } from '../../src/report/condition-ages.ts';

const row = (container: string, different: Partial<Membership> = {}): Membership => ({
  containerId: container,
  container,
  pool: 'app',
  role: 'primary',
  state: 'in',
  condition: 'ready',
  address: '10.0.0.2:8000',
  reason: 'running',
  ...different,
});

describe('since when', () => {
  const [a, b, c] = [row('a'), row('b'), row('c')];

  test('is the look that saw a condition first', () => {
    const ages = new ConditionAges();
    ages.note([a, b], 1);
    ages.note([a, c, b], 2);
    ages.note([a, c, b], 3);
    expect([a, b, c].map((one) => ages.sinceMs(one))).toEqual([1, 1, 2]);
  });

  test('stays for as long as the condition does, whatever else changes', () => {
    const ages = new ConditionAges();
    ages.note([a, b], 1);
    const moved = row('b', { address: '10.0.0.9:8000', reason: 'healthy' });
    const sick = row('a', { condition: 'unhealthy', state: 'out' });
    ages.note([moved, sick], 2);
    expect([moved, sick].map((one) => ages.sinceMs(one))).toEqual([1, 2]);
    const well = row('a');
    ages.note([well, moved], 3);
    expect([moved, well].map((one) => ages.sinceMs(one))).toEqual([1, 3]);
  });

  test('is told apart by pool and by role', () => {
    const ages = new ConditionAges();
    const [web, spare] = [row('a', { pool: 'web' }), row('a', { role: 'backup' })];
    ages.note([web], 1);
    ages.note([row('a', { reason: 'again' }), spare, web], 2);
    expect([web, spare].map((one) => ages.sinceMs(one))).toEqual([1, 2]);
  });

  test('begins anew for what was gone, also where it is the same object', () => {
    const ages = new ConditionAges();
    ages.note([a, b], 1);
    ages.note([b], 2);
    expect(ages.sinceMs(a)).toBeUndefined();
    ages.note([a, b], 3);
    expect(ages.sinceMs(a)).toBe(3);
    expect(ages.sinceMs(b)).toBe(1);
  });
});
