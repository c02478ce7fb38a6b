import { expect, test } from '@jest/globals';

import { decide } from '../../src/core/desired.ts';
import { asContainer, listMoving, stillLeaving } from '../../src/core/swarm.ts';
import { circumstances } from '../support/circumstances.ts';
import { node, service, task } from '../support/swarm.ts';

test('a task is a container of its stack, with the labels of its service over those of its containers', () => {
  const container = asContainer(
    task({ labels: { 'lb.pool': 'other', 'lb.weight': '2' } }),
    service({ labels: { 'lb.pool': 'web:8000' } }),
    node(),
  );
  expect(container).toMatchObject({
    id: task().id,
    name: 'shop_app.1.task1xxxxxxx',
    state: 'running',
    health: 'none',
    node: 'one',
    labels: { 'lb.pool': 'web:8000', 'lb.weight': '2' },
    task: { service: 'shop_app', containerId: task().containerId },
  });
});

test('a task of a global service is named by its node', () => {
  expect(asContainer({ ...task(), slot: undefined }, service(), node()).name).toBe('shop_app.one.task1xxxxxxx');
});

test('a task whose service is not known asks for nothing, whatever its containers say', () => {
  expect(asContainer(task({ labels: { 'lb.pool': 'web' } }), undefined, undefined).labels).toEqual({});
});

test.each([
  ['new', 'created', 'none'],
  ['pending', 'created', 'none'],
  ['preparing', 'created', 'none'],
  // Its health check has not passed yet.
  ['starting', 'running', 'starting'],
  ['running', 'running', 'none'],
  ['failed', 'exited', 'none'],
  ['shutdown', 'exited', 'none'],
  ['a word of some later version', 'exited', 'none'],
] as const)('state %s of a task: the container is %s, its health %s', (state, expected, health) => {
  expect(asContainer(task({ state }), service(), node())).toMatchObject({ state: expected, health });
});

test('the port: the one that is published, else PORT of the environment', () => {
  const ports = (published: readonly number[], portVariable: number | undefined): readonly number[] =>
    asContainer(
      task({ portVariable }),
      service({ targetPorts: published.map((port) => ({ port, protocol: 'tcp' })) }),
      node(),
    ).exposedPorts.map(({ port }) => port);
  expect(ports([8000], undefined)).toEqual([8000]);
  expect(ports([8000], 9000)).toEqual([8000]);
  expect(ports([], 9000)).toEqual([9000]);
  expect(ports([], undefined)).toEqual([]);
});

test('a task that is leaving serves where nobody else can, and else does not', () => {
  const stays = asContainer(task({ slot: 1 }), service(), node());
  const leaves = asContainer(task({ slot: 2 }), service(), node(), { kind: 'signalled', sinceMs: 0 });
  const servers = (...containers: Parameters<typeof decide>[0]): readonly string[] =>
    decide(containers, circumstances).pools.flatMap(({ members }) => members.map(({ address }) => address));
  expect(servers(stays, leaves)).toEqual(['10.0.1.11:8000']);
  expect(servers(leaves)).toEqual(['10.0.1.12:8000']);
});

test('a stack is a project of its own: a Compose project of its name is another', () => {
  const ofStack = asContainer(task(), service(), node());
  const labels = { 'com.docker.compose.project': 'shop', 'lb.pool': 'web:8000' };
  const pretender = asContainer(task({ slot: 2, labels }), service({ labels: {} }), node());
  const rows = decide([ofStack, pretender], circumstances).memberships.map(({ state, reason }) => [state, reason]);
  expect(rows).toContainEqual(['out', 'in no stack; this lbwatch serves shop (LBWATCH_SCOPE)']);
  expect(rows.filter(([state]) => state === 'in')).toHaveLength(1);
});

test('a service moves while it is updated, or a task of it is on its way', () => {
  const moving = (...[tasks, services]: Parameters<typeof listMoving>) => [...listMoving(tasks, services)];
  expect(moving([task()], [service()])).toEqual([]);
  expect(moving([task(), task({ serviceId: 'db-id', state: 'preparing' })], [service()])).toEqual(['db-id']);
  expect(moving([task()], [service({ isUpdating: true })])).toEqual(['app-id']);
  // Waits for a machine, maybe for ever.
  expect(moving([task({ state: 'pending' })], [service()])).toEqual([]);
});

test('a task that is gone from the list is leaving until its time is over, or somebody has its address', () => {
  const gone = { task: task({ slot: 1 }), sinceMs: 0, leftMs: 1000 };
  const listed = (...tasks: readonly ReturnType<typeof task>[]) => new Map(tasks.map((one) => [one.id, one]));
  const leaving = (others: ReturnType<typeof listed>, nowMs: number) =>
    stillLeaving([gone], others, () => 10_000, nowMs);
  expect(leaving(listed(task({ slot: 2 })), 5000)).toEqual([gone]);
  expect(leaving(listed(task({ slot: 2 })), 11_000)).toEqual([]);
  expect(leaving(listed(task({ slot: 2, attachments: gone.task.attachments })), 5000)).toEqual([]);
  // It was wanted again.
  expect(leaving(listed(gone.task), 5000)).toEqual([]);
  // On the machine's own network it has no address, nor has any other.
  const onHost = { ...gone, task: task({ slot: 3, attachments: [{ network: 'host', address: undefined }] }) };
  const others = listed(task({ slot: 4, attachments: onHost.task.attachments }));
  expect(stillLeaving([onHost], others, () => 10_000, 5000)).toEqual([onHost]);
});
