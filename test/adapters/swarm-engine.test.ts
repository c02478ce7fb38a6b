import { beforeEach, describe, expect, test } from '@jest/globals';

import { SwarmEngine } from '../../src/adapters/swarm-engine.ts';
import type { SwarmTask } from '../../src/core/swarm.ts';
import { AppError } from '../../src/loop/ports.ts';
import type { EngineEvent, Subscription } from '../../src/loop/ports.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { node, service, task } from '../support/swarm.ts';

let clock: FakeClock;
let manager: ReturnType<typeof makeManager>;
let engine: SwarmEngine;

beforeEach(() => {
  clock = new FakeClock();
  manager = makeManager();
  engine = new SwarmEngine(manager, clock, task({ slot: 2 }).containerId?.slice(0, 12), 'own');
});

const event: EngineEvent = { action: 'service update', containerId: 'app-id', signal: undefined, atMs: 0 };

test('the first list asks for tasks, services and nodes, once each; a poll at rest for tasks alone', async () => {
  expect(await namesOf()).toEqual(['shop_app.1.task1xxxxxxx', 'shop_app.2.task2xxxxxxx']);
  expect(manager.calls).toEqual({ tasks: 1, services: 1, nodes: 1 });
  for (let poll = 0; poll < 10; poll += 1) {
    await clock.advance(2000);
    await engine.poll();
  }
  expect(manager.calls).toEqual({ tasks: 11, services: 1, nodes: 1 });
});

test('a pass right after a poll asks nothing', async () => {
  await engine.poll();
  await engine.listContainers();
  expect(manager.calls.tasks).toBe(1);
  await clock.advance(60);
  await engine.listContainers();
  expect(manager.calls.tasks).toBe(2);
});

test('what has not changed stays the same object, and the poll says so', async () => {
  const before = await engine.listContainers();
  await clock.advance(100);
  expect(await engine.poll()).toMatchObject({ hasChanged: false, hasLeft: false });
  expect(await engine.listContainers()).toEqual(before);
  manager.tasks = [task({ slot: 1 }), task({ slot: 2, version: 2, state: 'failed' })];
  expect(await engine.poll()).toMatchObject({ hasChanged: true });
  const after = await engine.listContainers();
  expect(after[0]).toBe(before[0]);
  expect(after[1]).toMatchObject({ state: 'exited' });
});

test('services and nodes are asked for again after an event, after half a minute, and for who is not known', async () => {
  await engine.poll();
  const told = subscribe();
  told.onEvent(event);
  await engine.poll();
  expect(manager.calls).toMatchObject({ services: 2, nodes: 2 });
  await clock.advance(31_000);
  await engine.poll();
  expect(manager.calls).toMatchObject({ services: 3, nodes: 3 });
  await clock.advance(60);
  manager.services = [...manager.services, service({ id: 'new-id', name: 'shop_new' })];
  manager.tasks = [...manager.tasks, task({ slot: 3, serviceId: 'new-id' })];
  expect(await namesOf()).toContain('shop_new.3.task3xxxxxxx');
  expect(manager.calls).toMatchObject({ services: 4, nodes: 4 });
});

test('an event that comes while an answer is under way makes that answer an old one', async () => {
  await engine.poll();
  const told = subscribe();
  const polling = engine.poll();
  told.onEvent(event);
  await polling;
  const before = manager.calls.tasks;
  await engine.listContainers();
  expect(manager.calls.tasks).toBe(before + 1);
});

test('a task that is no longer wanted is leaving, until its service has given up waiting for its end', async () => {
  manager.tasks = [task({ slot: 1 }), task({ slot: 2 }), task({ slot: 3 })];
  await engine.poll();
  manager.tasks = [task({ slot: 1 }), task({ slot: 2 })];
  expect(await engine.poll()).toMatchObject({ hasChanged: true, hasLeft: true });
  const [, , third] = await engine.listContainers();
  expect(third).toMatchObject({ state: 'running', departure: { kind: 'signalled', sinceMs: clock.unixMs() } });
  await clock.advance(9000);
  expect(await engine.poll()).toMatchObject({ hasChanged: false, hasLeft: false });
  await clock.advance(1000);
  expect(await engine.poll()).toMatchObject({ hasChanged: true, hasLeft: false });
  expect(await namesOf()).toEqual(['shop_app.1.task1xxxxxxx', 'shop_app.2.task2xxxxxxx']);
});

describe('a Swarm with other stacks', () => {
  const stack = (name: string) => ({ 'com.docker.stack.namespace': name });
  beforeEach(() => {
    manager.services = [
      service({ labels: stack('shop') }),
      service({ id: 'db-id', name: 'shop_db', labels: stack('shop') }),
      service({ id: 'far-id', name: 'far_app', labels: stack('far') }),
    ];
    manager.tasks = [task({ slot: 1 }), task({ slot: 2 }), task({ slot: 3, serviceId: 'far-id' })];
  });

  test('everybody is listed once, and then those of the own stack: that the others are listed no more is no leaving', async () => {
    expect(await namesOf()).toContain('far_app.3.task3xxxxxxx');
    await clock.advance(100);
    expect(await engine.poll()).toMatchObject({ hasLeft: false });
    expect(manager.asked).toStrictEqual([undefined, ['app-id', 'db-id']]);
    expect(await namesOf()).toEqual(['shop_app.1.task1xxxxxxx', 'shop_app.2.task2xxxxxxx']);
  });

  test('a service that was removed before any event told makes it ask for all; its tasks are leaving', async () => {
    manager.tasks = [...manager.tasks, task({ slot: 4, serviceId: 'db-id' })];
    await engine.poll();
    manager.services = manager.services.filter(({ id }) => id !== 'db-id');
    manager.tasks = manager.tasks.filter(({ serviceId }) => serviceId !== 'db-id');
    expect(await engine.poll()).toMatchObject({ hasLeft: true });
    expect(manager.asked.slice(-2)).toStrictEqual([['app-id', 'db-id'], undefined]);
    subscribe().onEvent(event);
    await engine.poll();
    expect(manager.asked.at(-1)).toEqual(['app-id']);
  });

  test.each([
    ['all', { kind: 'all' }, undefined],
    ['a stack beside the own one', { kind: 'projects', names: ['far'] }, ['app-id', 'far-id']],
  ] as const)('in scope: %s', async (_, scope, expected) => {
    engine = new SwarmEngine(manager, clock, task({ slot: 2 }).containerId, scope);
    await engine.poll();
    await engine.poll();
    expect(manager.asked.at(-1)).toStrictEqual(expected);
  });

  test('more services than a question takes are not asked for by their ids', async () => {
    const many = Array.from({ length: 200 }, (_, index) => service({ id: `s${String(index)}`, labels: stack('shop') }));
    manager.services = [...manager.services, ...many];
    await engine.poll();
    await engine.poll();
    expect(manager.asked).toStrictEqual([undefined, undefined]);
  });
});

describe('what moves', () => {
  beforeEach(async () => {
    manager.services = [
      service(),
      service({ id: 'db-id', name: 'shop_db' }),
      service({ id: 'web-id', name: 'shop_web' }),
    ];
    manager.tasks = [task({ slot: 1 }), task({ slot: 2 }), task({ slot: 3, serviceId: 'db-id', nodeId: 'two-id' })];
    manager.nodes = [node(), node({ id: 'two-id', name: 'two' })];
    await engine.poll();
    manager.asked.length = 0;
    await clock.advance(100);
  });

  test('what was not asked for is as old as it was', async () => {
    await engine.poll('moving');
    await engine.listContainers();
    expect(manager.asked).toHaveLength(1);
  });

  test('a manager that does not answer is asked once, and not for something else instead', async () => {
    subscribe().onEvent(event);
    await engine.poll('moving');
    manager.asked.length = 0;
    manager.isAway = true;
    await expect(engine.poll('moving')).rejects.toThrow('nobody answers');
    expect(manager.asked).toEqual([['app-id']]);
  });

  test('nothing is asked where nothing moves', async () => {
    expect(await engine.poll('moving')).toMatchObject({ hasChanged: false, isWhole: false });
    expect(manager.asked).toEqual([]);
  });

  test('a service that an event is about is asked for alone, for three seconds; who left is leaving, and nobody else', async () => {
    subscribe().onEvent(event);
    manager.tasks = [task({ slot: 1 })];
    expect(await engine.poll('moving')).toMatchObject({ hasChanged: true, hasLeft: true, isWhole: false });
    expect(manager.asked).toEqual([['app-id']]);
    const listed = await engine.listContainers();
    expect(listed.map(({ name, departure }) => [name, departure?.kind])).toEqual([
      ['shop_app.1.task1xxxxxxx', undefined],
      // Of a service that was not asked for.
      ['shop_db.3.task3xxxxxxx', undefined],
      ['shop_app.2.task2xxxxxxx', 'signalled'],
    ]);
    await clock.advance(3000);
    await engine.poll('moving');
    expect(manager.asked).toHaveLength(1);
    await engine.poll('all');
    expect((await engine.listContainers()).map(({ departure }) => departure?.kind)).toEqual([
      undefined,
      'signalled',
      'signalled',
    ]);
  });

  test("an event of a node is about the services that run there; a task's failed check about its own", async () => {
    subscribe().onEvent({ ...event, action: 'node update', containerId: 'two-id' });
    await engine.poll('moving');
    expect(manager.asked).toEqual([['db-id']]);
    await clock.advance(4000);
    await engine.inspectContainers([task({ slot: 1 }).id]);
    expect(manager.asked.slice(1)).toEqual([['app-id']]);
  });

  test('a service is asked for as long as a task of it is on its way, and when it was removed, all are', async () => {
    manager.tasks = [...manager.tasks, task({ slot: 4, serviceId: 'web-id', state: 'preparing' })];
    await engine.poll('all');
    await clock.advance(10_000);
    await engine.poll('moving');
    expect(manager.asked.at(-1)).toEqual(['web-id']);
    manager.services = manager.services.filter(({ id }) => id !== 'web-id');
    manager.tasks = manager.tasks.filter(({ serviceId }) => serviceId !== 'web-id');
    expect(await engine.poll('moving')).toMatchObject({ isWhole: true, isConverging: false });
  });
});

test('it tells how many balancers ask beside this one: the tasks of the own service', async () => {
  expect(await engine.poll()).toMatchObject({ askers: 2 });
  expect(await new SwarmEngine(manager, clock, undefined, 'own').poll()).toMatchObject({ askers: 1 });
  expect(await new SwarmEngine(manager, clock, 'of no task', 'own').poll()).toMatchObject({ askers: 1 });
});

test('who had ended before is not leaving', async () => {
  manager.tasks = [task({ slot: 1 }), task({ slot: 2, state: 'failed' })];
  await engine.poll();
  manager.tasks = [task({ slot: 1 })];
  expect(await engine.poll()).toMatchObject({ hasChanged: true, hasLeft: false });
  expect(await namesOf()).toEqual(['shop_app.1.task1xxxxxxx']);
});

test('what somebody else asked to know is still news for who polls, once', async () => {
  await engine.listContainers();
  await clock.advance(2000);
  manager.tasks = [task({ slot: 2 })];
  await engine.inspectContainers([task({ slot: 2 }).id]);
  expect(await engine.poll()).toMatchObject({ hasChanged: true, hasLeft: true });
  expect(await engine.poll()).toMatchObject({ hasChanged: false, hasLeft: false });
  await clock.advance(2000);
  manager.tasks = [task({ slot: 2 }), task({ slot: 3 })];
  await engine.listContainers();
  expect(await engine.poll()).toMatchObject({ hasChanged: false, hasLeft: false });
});

test('a manager that knows of nobody at all, not even of the task that asks it, is not believed', async () => {
  const before = await namesOf();
  await clock.advance(100);
  manager.tasks = [];
  manager.services = [];
  await expect(engine.poll()).rejects.toThrow('lists no task at all, and not even the one that lbwatch is');
  await clock.advance(100);
  manager.tasks = [task({ slot: 1 }), task({ slot: 2 })];
  manager.services = [service()];
  expect(await engine.poll()).toMatchObject({ hasChanged: false, hasLeft: false });
  expect(await namesOf()).toEqual(before);
});

test('the own task is known for as long as it asks: a machine that counts as lost goes on by the list of the others', async () => {
  await engine.poll();
  manager.tasks = [task({ slot: 1 })];
  expect(await engine.poll()).toMatchObject({ hasLeft: true });
  await clock.advance(3_600_000);
  manager.tasks = [task({ slot: 1, attachments: task({ slot: 2 }).attachments })];
  await engine.poll();
  const [, own] = await engine.listContainers();
  expect(own).toMatchObject({ id: task({ slot: 2 }).id, departure: { kind: 'signalled' } });
});

test('a jump of the wall clock keeps nobody who has left for longer', async () => {
  manager.tasks = [task({ slot: 1 }), task({ slot: 2 }), task({ slot: 3 })];
  await engine.poll();
  manager.tasks = [task({ slot: 1 }), task({ slot: 2 })];
  await engine.poll();
  clock.jump(-3_600_000);
  await clock.advance(10_000);
  await engine.poll();
  expect(await namesOf()).toEqual(['shop_app.1.task1xxxxxxx', 'shop_app.2.task2xxxxxxx']);
});

test('a list just before the manager fell silent is none for the pass that is to say so', async () => {
  await engine.listContainers();
  manager.isAway = true;
  await expect(engine.poll()).rejects.toThrow('nobody answers');
  await expect(engine.listContainers()).rejects.toThrow('nobody answers');
});

test('a manager that does not answer takes nothing from what is known', async () => {
  const before = await namesOf();
  manager.isAway = true;
  await clock.advance(100);
  await expect(engine.poll()).rejects.toThrow('nobody answers');
  await expect(engine.listContainers()).rejects.toThrow('nobody answers');
  manager.isAway = false;
  expect(await namesOf()).toEqual(before);
});

async function namesOf(): Promise<readonly string[]> {
  return (await engine.listContainers()).map(({ name }) => name);
}

function subscribe(): Subscription {
  void engine.subscribe({
    onOpen: () => undefined,
    onEvent: () => undefined,
    signal: new AbortController().signal,
    sinceS: undefined,
  });
  const [subscription] = manager.subscriptions;
  if (subscription === undefined) throw new Error('nobody subscribed');
  return subscription;
}

function makeManager() {
  const answer = <T>(list: () => T): Promise<T> =>
    made.isAway ? Promise.reject(new AppError('engine', 'nobody answers')) : Promise.resolve(list());
  const tasks: readonly SwarmTask[] = [task({ slot: 1 }), task({ slot: 2 })];
  const made = {
    isAway: false,
    tasks,
    services: [service()],
    nodes: [node()],
    calls: { tasks: 0, services: 0, nodes: 0 },
    asked: new Array<readonly string[] | undefined>(),
    subscriptions: new Array<Subscription>(),
    listTasks: (serviceIds: readonly string[] | undefined) => {
      made.calls.tasks += 1;
      made.asked.push(serviceIds);
      return answer(() => {
        const isUnknown = serviceIds?.some((id) => !made.services.some((one) => one.id === id)) === true;
        return isUnknown ? undefined : made.tasks.filter(({ serviceId }) => serviceIds?.includes(serviceId) ?? true);
      });
    },
    listServices: () => {
      made.calls.services += 1;
      return answer(() => made.services);
    },
    listNodes: () => {
      made.calls.nodes += 1;
      return answer(() => made.nodes);
    },
    subscribe: (subscription: Subscription) => {
      made.subscriptions.push(subscription);
      return Promise.resolve();
    },
  };
  return made;
}
