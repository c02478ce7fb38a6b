import { describe, expect, test } from '@jest/globals';

import { findAllMeant, findByAddress, findByName } from '../../src/core/find-container.ts';
import { container, idOf } from '../support/container.ts';

const app = container({ name: 'shop-app-1', attachments: [{ network: 'shop_default', address: '10.0.0.2' }] });
const twin = container({
  name: 'other-app-1',
  id: `${app.id.slice(0, 20)}${'f'.repeat(44)}`,
  attachments: [{ network: 'other_default', address: '10.0.0.2' }],
});
const stopped = container({
  name: 'database',
  state: 'exited',
  attachments: [{ network: 'shop_default', address: '10.0.0.3' }],
});
const all = [app, twin, stopped];
const namesOf = (wanted: string) => findByName(all, wanted).map(({ name }) => name);

describe('by name', () => {
  test('a name beats an id that begins so', () => {
    const impostor = container({ name: app.id.slice(0, 12), id: idOf('impostor') });
    expect(findByName([app, impostor], app.id.slice(0, 12))).toEqual([impostor]);
  });

  test('an id, or its beginning of 12 digits and more; several where it fits several', () => {
    expect(namesOf(app.id)).toEqual(['shop-app-1']);
    expect(namesOf(app.id.slice(0, 12))).toEqual(['shop-app-1', 'other-app-1']);
    expect(namesOf(app.id.slice(0, 11))).toEqual([]);
  });

  test('nobody', () => {
    expect([namesOf('shop-app'), namesOf(''), namesOf('/shop-app-1')]).toEqual([[], [], []]);
  });
});

describe('a task of Swarm', () => {
  const task = container({
    name: 'shop_app.3.qz8hk3l2m4n5',
    id: 'qz8hk3l2m4n5p6q7r8s9t0u1v',
    node: 'worker-1',
    task: { service: 'shop_app', containerId: `c0ffee${'0'.repeat(58)}` },
  });
  const young = container({
    name: 'shop_app.10.aaaabbbbcccc',
    id: 'aaaabbbbccccddddeeeeffff0',
    task: { service: 'shop_app', containerId: undefined },
  });
  const tasks = [app, task, young];

  test.each([
    ['its name', task.name],
    ['the name that docker ps shows on its node', `shop_app.3.${task.id}`],
    ['its id', task.id],
    ['the beginning of its id', 'qz8hk3l2m4n5'],
    ["the beginning of its container's id, as docker ps shows it", 'c0ffee000000'],
  ])('is found by %s', (_, wanted) => {
    expect(findByName(tasks, wanted)).toEqual([task]);
    expect(findAllMeant(tasks, wanted)).toEqual([task]);
  });

  test('is not found by less, nor by another task’s id behind its name, by who acts', () => {
    for (const wanted of ['shop_app', 'shop_app.3', 'qz8hk3l2m4n', 'c0ffee', `${task.name}${young.id.slice(12)}`]) {
      expect(findByName(tasks, wanted)).toEqual([]);
    }
  });
});

describe('all that is meant, by who only looks', () => {
  const task = (slot: number, service = 'shop_app') =>
    container({
      name: `${service}.${String(slot)}.${String(slot).repeat(12).slice(0, 12)}`,
      id: String(slot).repeat(25).slice(0, 25),
      labels: { 'com.docker.stack.namespace': 'shop' },
      task: { service, containerId: `beef${String(slot).repeat(60)}` },
    });
  const tasks = [task(1), task(2), task(11), task(3, 'shop_app2')];
  const slots = (wanted: string) =>
    findAllMeant([...tasks, twin], wanted).map(({ name }) => name.replace(/\.\w+$/, ''));

  test('a service, as Docker or the stack file names it, or one slot of it', () => {
    expect(slots('shop_app')).toEqual(['shop_app.1', 'shop_app.2', 'shop_app.11']);
    expect(slots('app2')).toEqual(['shop_app2.3']);
    expect(slots('shop_app.1')).toEqual(['shop_app.1']);
    // Of a Compose project as well.
    expect(slots('app')).toEqual(['shop_app.1', 'shop_app.2', 'shop_app.11', 'other-app-1']);
  });

  test('four digits of an id do, three do not', () => {
    expect(slots('beef')).toHaveLength(4);
    expect(slots('2222')).toEqual(['shop_app.2']);
    expect(slots('222')).toEqual([]);
  });

  test('a name beats a service, on whatever machines', () => {
    const named = [1, 2].map((number) => container({ name: 'app', id: idOf(`app ${String(number)}`) }));
    expect(findAllMeant([...tasks, ...named], 'app')).toEqual(named);
  });
});

describe('by address', () => {
  test('on the networks that are reached, and of those that run', () => {
    expect(findByAddress(all, '10.0.0.2', ['shop_default'])).toBe(app);
    expect(findByAddress(all, '10.0.0.2', ['other_default'])).toBe(twin);
    expect(findByAddress(all, '10.0.0.3', ['shop_default'])).toBeUndefined();
    expect(findByAddress(all, '10.0.0.9', 'any')).toBeUndefined();
  });

  test('another machine’s network of the same name is another one', () => {
    const elsewhere = { ...app, id: idOf('far'), published: { address: '192.0.2.7', ports: [] } };
    expect(findByAddress([elsewhere], '10.0.0.2', ['shop_default'])).toBeUndefined();
    expect(findByAddress([elsewhere, app], '10.0.0.2', ['shop_default'])).toBe(app);
  });

  test('two with one address: nobody knows who it is', () => {
    expect(findByAddress(all, '10.0.0.2', 'any')).toBeUndefined();
  });
});
