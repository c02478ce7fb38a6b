import { expect, test } from '@jest/globals';

import { toNode, toService, toSwarmEvent, toTask } from '../../src/adapters/swarm-map.ts';

/** As engine 20.10 answers `GET /tasks`, without what nobody reads. */
const rawTask = {
  ID: 'iek4cl1l3ef91yk8x2ri99p7b',
  Version: { Index: 57 },
  CreatedAt: '2026-11-25T09:39:21.432974242Z',
  UpdatedAt: '2026-11-25T09:39:26.729205875Z',
  Labels: {},
  Spec: {
    ContainerSpec: {
      Image: 'sha256:8ea27e6d8c49a32211d1ce9572e6d43015143229469e7fa9ef40c634d510ea71',
      Labels: { 'com.docker.stack.namespace': 'shop', 'lb.check': 'tcp' },
      Env: ['SECRET=hush', 'PORT=8001'],
      StopGracePeriod: 5_000_000_000,
    },
  },
  ServiceID: 'r4d0d0t7jxuetcggl2b30xmxm',
  Slot: 2,
  NodeID: 'ulnvs43bdyfygf4mamt5zi0z0',
  Status: {
    Timestamp: '2026-11-25T09:39:26.722044082Z',
    State: 'running',
    ContainerStatus: {
      ContainerID: '1d4657d51f15a5c9457df6bffda206cff65b8d2201f958b02994675712a3714b',
      PID: 3651,
      ExitCode: 0,
    },
  },
  DesiredState: 'running',
  NetworksAttachments: [
    { Network: { Spec: { Name: 'ingress', Ingress: true } }, Addresses: ['10.0.0.9/24'] },
    { Network: { Spec: { Name: 'web' } }, Addresses: ['10.0.1.8/24'] },
  ],
};

test('a task: where it runs, on which networks, and nothing of its environment but PORT', () => {
  expect(toTask(rawTask)).toEqual({
    id: 'iek4cl1l3ef91yk8x2ri99p7b',
    version: 57,
    serviceId: 'r4d0d0t7jxuetcggl2b30xmxm',
    nodeId: 'ulnvs43bdyfygf4mamt5zi0z0',
    slot: 2,
    createdAt: 1_795_599_561,
    state: 'running',
    containerId: '1d4657d51f15a5c9457df6bffda206cff65b8d2201f958b02994675712a3714b',
    labels: { 'com.docker.stack.namespace': 'shop', 'lb.check': 'tcp' },
    attachments: [{ network: 'web', address: '10.0.1.8' }],
    portVariable: 8001,
  });
});

test('a task that waits for a node has neither node nor container; one of a global service no slot', () => {
  const waiting = { ...rawTask, NodeID: undefined, Slot: undefined, Status: { State: 'pending' } };
  expect(toTask(waiting)).toMatchObject({
    nodeId: undefined,
    containerId: undefined,
    slot: undefined,
    state: 'pending',
  });
});

test('a service: its name, its own labels, the ports it publishes, and how long its containers may take to end', () => {
  const rawService = {
    ID: 'r4d0d0t7jxuetcggl2b30xmxm',
    Spec: {
      Name: 'shop_app',
      Labels: { 'lb.pool': 'web', 'com.docker.stack.namespace': 'shop' },
      TaskTemplate: { ContainerSpec: { StopGracePeriod: 5_000_000_000 } },
    },
    Endpoint: { Ports: [{ Protocol: 'tcp', TargetPort: 8000, PublishedPort: 80, PublishMode: 'host' }] },
    UpdateStatus: { State: 'updating' },
  };
  expect(toService(rawService)).toEqual({
    id: 'r4d0d0t7jxuetcggl2b30xmxm',
    name: 'shop_app',
    labels: { 'lb.pool': 'web', 'com.docker.stack.namespace': 'shop' },
    targetPorts: [{ port: 8000, protocol: 'tcp' }],
    stopGraceMs: 5000,
    isUpdating: true,
  });
  const plain = { ID: 'x', Spec: { Name: 'plain' } };
  expect(toService(plain)).toMatchObject({ labels: {}, targetPorts: [], stopGraceMs: 10_000, isUpdating: false });
});

test('a node is known by its host name', () => {
  expect(toNode({ ID: 'n1', Description: { Hostname: 'one' } })).toEqual({ id: 'n1', name: 'one' });
});

test('events of services and nodes, and no others', () => {
  const line = {
    Type: 'service',
    Action: 'update',
    Actor: { ID: 'fi3', Attributes: { name: 'shop_first', 'replicas.new': '3', 'replicas.old': '2' } },
    scope: 'swarm',
    time: 1_795_599_737,
    timeNano: 1_795_599_737_508_269_000,
  };
  expect(toSwarmEvent(line)).toEqual({
    action: 'service update',
    containerId: 'fi3',
    signal: undefined,
    atMs: 1_795_599_737_508.269,
  });
  expect(toSwarmEvent({ ...line, Type: 'network' })).toBeUndefined();
});

test.each([undefined, null, 'text', [], {}, { ID: 5 }, { ID: 'x', Spec: [], Status: 7, NetworksAttachments: 'none' }])(
  'what is none of these is read as none, and nothing is thrown: %j',
  (raw) => {
    expect([toTask(raw), toService(raw), toNode(raw), toSwarmEvent(raw)]).toEqual(Array(4).fill(undefined));
  },
);

test('a task with nonsense in its fields is a task all the same', () => {
  const broken = { ID: 'x', ServiceID: 'y', Spec: [], Status: 7, NetworksAttachments: 'none', CreatedAt: 5, Slot: '1' };
  expect(toTask(broken)).toEqual({
    id: 'x',
    version: 0,
    serviceId: 'y',
    nodeId: undefined,
    slot: undefined,
    createdAt: Date.parse('5') / 1000,
    state: 'unknown',
    containerId: undefined,
    labels: {},
    attachments: [],
    portVariable: undefined,
  });
});
