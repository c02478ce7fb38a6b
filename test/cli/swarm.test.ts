/** lbwatch as a task of a Swarm, and what is typed beside it. Of the balancer only the host name is a container's. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { FakeManager } from '../support/fake-manager.ts';
import { FakeSwarm } from '../support/fake-swarm.ts';
import { addressOf } from '../support/run-lab.ts';
import type { RunLab } from '../support/run-lab.ts';
import { containerIdOf } from '../support/swarm-json.ts';
import { useRunLab } from '../support/use-run-lab.ts';

let lab: RunLab;
let swarm: FakeSwarm;
let manager: FakeManager;

useRunLab((started) => {
  lab = started;
});

beforeEach(async () => {
  swarm = new FakeSwarm(2, addressOf);
  manager = new FakeManager(swarm);
  await manager.start();
  swarm.create({ name: 'shop_app', labels: { 'lb.pool': 'app:8000' }, replicas: 2 });
  swarm.create({ name: 'shop_balancer', labels: {}, replicas: 1 });
});

afterEach(async () => {
  await manager.remove();
});

test('a task is drained and brought back by its name and its id', async () => {
  const [one, two] = swarm.tasks.map(({ address }) => Number(address.split('.').at(-1)));
  const controller = run();
  await lab.inStep(one ?? 0, two ?? 0);
  const { id, slot } = taskAt(two ?? 0);
  const name = `shop_app.${String(slot)}.${id.slice(0, 12)}`;

  expect(await lab.command(['drain', name])).toMatchObject({ code: 0, stderr: '' });
  await lab.inStep(one ?? 0);
  await controller.logged('pool changed', 'drained by hand');
  expect(await lab.command(['undrain', id])).toMatchObject({ code: 0, stderr: '' });
  await lab.inStep(one ?? 0, two ?? 0);
});

function taskAt(number: number) {
  const task = swarm.tasks.find(({ address }) => address === addressOf(number));
  if (task === undefined) throw new Error(`no task is at ${addressOf(number)}`);
  return task;
}

function run() {
  const own = swarm.tasks.find(({ service }) => service.name === 'shop_balancer');
  if (own === undefined) throw new Error('there is no balancer');
  const environment = { DOCKER_HOST: manager.host, LBWATCH_SWARM: 'on', LBWATCH_SCOPE: 'project' };
  return lab.run(environment, containerIdOf(own).slice(0, 12));
}
