import { expect, test } from '@jest/globals';

import { AppError } from '../../src/loop/ports.ts';
import type { Engine } from '../../src/loop/ports.ts';
import { UndecidedInventory } from '../../src/loop/undecided-inventory.ts';
import { container } from '../support/container.ts';
import '../support/native-errors.ts';

const one = container({ name: 'app-1' });

/** @param answers to the question, one after the other */
function start(...answers: readonly (boolean | 'silent')[]) {
  const calls: string[] = [];
  const errors: AppError[] = [];
  const left = [...answers];
  const engine: Engine = {
    listContainers: () => {
      calls.push('list');
      return Promise.resolve([one]);
    },
    inspectContainers: () => Promise.resolve([]),
    listEvents: () => Promise.resolve([]),
    readStopSignal: () => Promise.resolve(undefined),
    readStartedAt: () => Promise.resolve(undefined),
  };
  const asksSwarm = (): Promise<boolean> => {
    calls.push('ask');
    const answer = left.shift() ?? 'silent';
    return answer === 'silent' ? Promise.reject(new AppError('engine', 'nobody answers')) : Promise.resolve(answer);
  };
  const inventory = new UndecidedInventory(engine, asksSwarm, (error) => {
    errors.push(error);
  });
  return { calls, errors, inventory };
}

test('nothing is listed before the engine has said that it is one alone; then it is not asked again', async () => {
  const { calls, errors, inventory } = start('silent', false);
  await expect(inventory.refresh('all')).rejects.toThrow('nobody answers');
  expect(await inventory.refresh(new Set())).toEqual([one]);
  await inventory.refresh('all');
  expect(calls).toEqual(['ask', 'ask', 'list', 'list']);
  expect(errors).toEqual([]);
});

test('where it is a Swarm after all, nothing is listed, and lbwatch is told to start anew', async () => {
  const { calls, errors, inventory } = start(true);
  await expect(inventory.refresh('all')).rejects.toThrow('it must be started anew');
  expect(calls).toEqual(['ask']);
  expect(errors).toHaveLength(1);
});
