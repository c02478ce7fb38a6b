import { describe, expect, test } from '@jest/globals';

import { findByAddress, findByName } from '../../src/core/find-container.ts';
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
