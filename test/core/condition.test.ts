import { describe, expect, test } from '@jest/globals';

import type { Circumstances } from '../../src/core/desired.ts';
import { decide } from '../../src/core/desired.ts';
import type { Container, Departure } from '../../src/core/model.ts';
import { circumstances } from '../support/circumstances.ts';
import { container, idOf } from '../support/container.ts';

/** What is said of a container: its condition, and whether it is in. */
function sayOf(name: string, containers: readonly Container[], different: Partial<Circumstances> = {}): string {
  const { memberships } = decide(containers, { ...circumstances, ...different });
  return memberships
    .filter((row) => row.container === name)
    .map(({ condition, state }) => `${condition} ${state}`)
    .join();
}

const primary = (name: string, different: Partial<Container> = {}): Container =>
  container({ name, ...different, labels: { 'lb.pool': 'app', ...different.labels } });
const backup = (name: string, different: Partial<Container> = {}): Container =>
  container({ name, ...different, labels: { 'lb.backup': 'app', ...different.labels } });
const departing = (name: string, kind: Departure['kind']): Partial<Circumstances> => ({
  departures: new Map([[idOf(name), { kind, sinceMs: 0 }]]),
});

const a = primary('a');

describe('a primary is', () => {
  test.each<[string, Container, Partial<Circumstances>, string]>([
    ['running', primary('b'), {}, 'ready in'],
    ['healthy', primary('b', { health: 'healthy' }), {}, 'ready in'],
    ['not checked yet', primary('b', { health: 'starting' }), {}, 'starting waiting'],
    ['unhealthy', primary('b', { health: 'unhealthy' }), {}, 'unhealthy out'],
    ['told to stop', primary('b'), departing('b', 'signalled'), 'draining out'],
    ['drained', primary('b'), departing('b', 'drained'), 'draining out'],
    ['withdrawn', primary('b'), departing('b', 'withdrawn'), 'draining out'],
    ['paused', primary('b', { state: 'paused' }), {}, 'draining out'],
    ['ended, as an event said', primary('b'), departing('b', 'ended'), 'out out'],
    ['exited', primary('b', { state: 'exited' }), {}, 'out out'],
    ['labelled wrongly', primary('b', { labels: { 'lb.weight': 'x' } }), {}, 'out out'],
    ['labelled wrongly and paused', primary('b', { state: 'paused', labels: { 'lb.weight': 'x' } }), {}, 'out out'],
    ['without a network', primary('b', { attachments: [] }), {}, 'out out'],
    ['of another project', primary('b', { labels: { 'com.docker.compose.project': 'other' } }), {}, 'out out'],
  ])('%s', (_, one, different, expected) => {
    expect(sayOf('b', [a, one], different)).toBe(expected);
  });

  test.each<[string, Container, Partial<Circumstances>, string]>([
    ['unhealthy', primary('b', { health: 'unhealthy' }), {}, 'unhealthy in'],
    ['told to stop', primary('b'), departing('b', 'signalled'), 'draining in'],
    ['drained', primary('b'), departing('b', 'drained'), 'draining out'],
  ])('alone and %s: serves as the last resort where it may', (_, one, different, expected) => {
    expect(sayOf('b', [one], different)).toBe(expected);
  });
});

describe('a backup', () => {
  const down = primary('a', { state: 'exited' });
  test.each<[string, readonly Container[], string]>([
    ['stands by', [a, backup('b')], 'standby in'],
    [
      'stands by outside where the method admits none',
      [primary('a', { labels: { 'lb.method': 'ip_hash' } }), backup('b')],
      'standby waiting',
    ],
    ['serves', [down, backup('b')], 'serving in'],
    ['serves where the method admits none', [backup('b', { labels: { 'lb.method': 'ip_hash' } })], 'serving in'],
    ['starts', [a, backup('b', { health: 'starting' })], 'starting waiting'],
    ['is unhealthy', [a, backup('b', { health: 'unhealthy' })], 'unhealthy out'],
  ])('%s', (_, containers, expected) => {
    expect(sayOf('b', containers)).toBe(expected);
  });
});
