/** The shipped controller before a manager that misbehaves: what `npm run bench -- --only swarm` measures, by counts and by what stays. */
import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { noLeader, noManager } from '../support/fake-manager.ts';
import { buildBundle } from '../support/run-lab.ts';
import { SwarmFleet, serviceOf } from './swarm-fleet.ts';
import '../support/native-errors.ts';

let fleet: SwarmFleet;

beforeEach(async () => {
  expect(buildBundle()).toEqual({ code: 0, said: '' });
  fleet = new SwarmFleet({ tasks: 20, services: 2, nodes: 3, balancers: 1, processes: 1 });
  await fleet.start();
}, 60_000);
afterEach(async () => {
  await fleet.remove();
});

test('who is scaled away leaves, and who is new joins', async () => {
  fleet.swarm.scale(serviceOf(0), 5);
  await fleet.inStep();
  fleet.swarm.scale(serviceOf(0), 8);
  await fleet.swarm.allServe();
  await fleet.inStep();
}, 60_000);

test.each([
  ['without a leader', noLeader],
  ['that is one no longer', noManager],
])(
  'a manager %s takes nobody out; the truth comes back with its answers',
  async (_, failure) => {
    fleet.manager.failure = failure;
    fleet.manager.cutStreams();
    const before = fleet.generated;
    const asked = fleet.manager.asked('/services').calls;
    fleet.swarm.scale(serviceOf(0), 5);
    // Long enough for it to have asked, and to have been refused, several times.
    while (fleet.manager.asked('/services').calls < asked + 3) await pause(50);
    expect(fleet.generated).toEqual(before);
    fleet.manager.failure = undefined;
    await fleet.inStep();
  },
  60_000,
);

test('a manager that says nothing for a while, or is gone, holds back nothing afterwards', async () => {
  fleet.manager.isStalled = true;
  fleet.swarm.scale(serviceOf(0), 5);
  await pause(1000);
  fleet.manager.isStalled = false;
  await fleet.inStep();
  await fleet.manager.stop();
  fleet.swarm.scale(serviceOf(0), 3);
  await fleet.manager.start();
  await fleet.inStep();
}, 60_000);
