import { describe, expect, test } from '@jest/globals';

import type { Identity, Interest } from '../../src/core/concern.ts';
import type { EngineEvent } from '../../src/loop/ports.ts';
import { Strangers } from '../../src/sources/strangers.ts';

const shop: Interest = { scope: { kind: 'projects', names: ['shop'] }, nginx: undefined, selfId: 'abc' };
const member = { 'com.docker.compose.project': 'shop', 'lb.pool': 'app' };

describe('whom an event is about', () => {
  test.each<readonly [string, Interest, Partial<Identity>, boolean]>([
    ['a member', shop, { labels: member }, false],
    ['a typing error may have been meant', shop, { labels: { ...member, 'lb.pool': '', 'lb.pol': 'app' } }, false],
    ['nothing asked for', shop, { labels: { 'com.docker.compose.project': 'shop' } }, true],
    ['no label at all', shop, {}, true],
    ['another project’s member', shop, { labels: { ...member, 'com.docker.compose.project': 'other' } }, true],
    ['any project where all are served', { ...shop, scope: { kind: 'all' } }, { labels: { 'lb.pool': 'app' } }, false],
    ['the own project is not known yet', { ...shop, scope: undefined }, { labels: { 'lb.pool': 'app' } }, false],
    ['nginx by its service', shop, { labels: { 'com.docker.compose.service': 'nginx' } }, false],
    ['nginx by its label', shop, { labels: { 'com.docker.compose.project': 'shop', 'lb.nginx': 'true' } }, false],
    ['nginx by the setting: its name', { ...shop, nginx: 'edge' }, { name: 'edge' }, false],
    ['… its id', { ...shop, nginx: 'c1' }, {}, false],
    ['… its service', { ...shop, nginx: 'edge' }, { labels: { 'com.docker.compose.service': 'edge' } }, false],
    ['another is nginx then', { ...shop, nginx: 'edge' }, { labels: { 'com.docker.compose.service': 'nginx' } }, true],
    ['lbwatch itself', shop, { id: 'abcdef' }, false],
  ])('%s', (_, interest, identity, isStrange) => {
    const event = eventOf('start', { id: 'c1', name: 'a', labels: {}, ...identity });
    expect(
      new Strangers(
        () => undefined,
        () => interest,
      ).isStrange(event),
    ).toBe(isStrange);
  });
});

test('what the inventory knows is told of nobody anew: a network’s event names no labels', () => {
  const known: Identity[] = [
    { id: 'm', name: 'm', labels: member },
    { id: 's', name: 's', labels: {} },
  ];
  const strangers = new Strangers(
    (id) => known.find((one) => one.id === id),
    () => shop,
  );
  expect(['m', 's', 'new'].map((id) => strangers.isStrange(bare('disconnect', id)))).toEqual([false, true, false]);
  // Podman leaves labels out.
  expect(['m', 's', 'new'].map((id) => strangers.isStrange(bare('die', id)))).toEqual([false, true, false]);
});

test('who was told of when it was created is known when it is connected, until it is gone', () => {
  const strangers = new Strangers(
    () => undefined,
    () => shop,
  );
  const stranger = { id: 's', name: 's', labels: {} };
  expect(strangers.isStrange(eventOf('create', stranger))).toBe(true);
  expect(strangers.isStrange(bare('connect', 's'))).toBe(true);
  expect(strangers.isStrange(eventOf('destroy', stranger))).toBe(true);
  expect(strangers.isStrange(bare('connect', 's'))).toBe(false);
});

test('a new name may be the one that matters', () => {
  const strangers = new Strangers(
    () => undefined,
    () => shop,
  );
  expect(strangers.isStrange(eventOf('rename', { id: 's', name: 's', labels: {} }))).toBe(false);
});

function eventOf(action: string, { id, name, labels }: Identity): EngineEvent {
  return { ...bare(action, id), name, labels };
}

function bare(action: string, containerId: string): EngineEvent {
  return { action, containerId, signal: undefined, atMs: 0 };
}
