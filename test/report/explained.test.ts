import { describe, expect, test } from '@jest/globals';

import type { Container } from '../../src/core/model.ts';
import { explainContainers, renderExplained } from '../../src/report/explained.ts';
import { container } from '../support/container.ts';
import { planOf } from '../support/pass.ts';

const task = (slot: number, node: string, different: Partial<Container> = {}): Container => {
  const id = `${String(slot)}z8hk3l2m4n5p6q7r8s9t0u1v`;
  return container({
    name: `shop_app.${String(slot)}.${id.slice(0, 12)}`,
    id,
    node,
    attachments: [{ network: 'shop_default', address: `10.0.1.${String(slot)}` }],
    task: { service: 'shop_app', containerId: `c0ffee${String(slot)}${'0'.repeat(57)}` },
    ...different,
    labels: { 'com.docker.stack.namespace': 'shop', 'lb.pool': 'app', ...different.labels },
  });
};
const tasks = [task(1, 'worker-1'), task(2, 'worker-2', { state: 'exited', labels: { 'lb.x': '1' } })];
const local = container({ name: 'shop-spare-1', labels: { 'lb.backup': 'app' } });
const database = container({ name: 'db' });

const explain = (containers: readonly Container[], wanted?: string) =>
  explainContainers(containers, planOf(containers).desired, wanted);
const namesOf = (wanted?: string) => explain([...tasks, local, database], wanted).rows.map((row) => row.container);

describe('where containers are on several machines', () => {
  test('there is a column for the machine, and whose is not known has a dash', () => {
    expect(renderExplained(explain([...tasks, local, database])).split('\n')).toEqual([
      'CONTAINER                NODE      POOL  ROLE     STATE  ADDRESS        REASON',
      'shop-spare-1             -         app   backup   in     10.0.0.2:8000  running; stands by',
      'shop_app.1.1z8hk3l2m4n5  worker-1  app   primary  in     10.0.1.1:8000  running',
      'shop_app.2.2z8hk3l2m4n5  worker-2  app   primary  out    -              exited',
      'db                       -         -     -        out    -              no lb.pool or lb.backup label',
      expect.stringMatching(/^problem: shop_app\.2\.2z8hk3l2m4n5 on worker-2: lb\.x .*/),
      '',
    ]);
  });

  test('a row says the machine where there is one', () => {
    const rows = explain([...tasks, local]).rows.map(({ container: name, node }) => [name, node]);
    expect(rows).toEqual([
      ['shop-spare-1', undefined],
      ['shop_app.1.1z8hk3l2m4n5', 'worker-1'],
      ['shop_app.2.2z8hk3l2m4n5', 'worker-2'],
    ]);
    expect(Object.keys(explain([local]).rows[0] ?? {})).not.toContain('node');
  });

  test('a machine’s name is no more than text', () => {
    expect(renderExplained(explain([task(1, 'a\u001b[31m\nb')]))).toMatch(/ a\\u\{1b\}\[31m\\u\{a\}b /);
  });
});

test('with one engine there is no such column', () => {
  expect(renderExplained(explain([local]))).toMatch(/^CONTAINER +POOL +ROLE +STATE +ADDRESS +REASON\n/);
});

describe('who is meant', () => {
  test.each([
    ['shop_app.1.1z8hk3l2m4n5', ['shop_app.1.1z8hk3l2m4n5']],
    ['2z8h', ['shop_app.2.2z8hk3l2m4n5']],
    ['c0ffee1', ['shop_app.1.1z8hk3l2m4n5']],
    ['shop_app', ['shop_app.1.1z8hk3l2m4n5', 'shop_app.2.2z8hk3l2m4n5']],
    ['nobody', []],
  ])('%s', (wanted, names) => {
    expect(namesOf(wanted)).toEqual(names);
  });

  test('problems of others are left out', () => {
    expect(explain([...tasks, local], 'shop_app.1').ignored).toEqual([]);
    expect(explain([...tasks, local], 'shop_app.2').ignored).toHaveLength(1);
  });
});
