import type { SwarmNode, SwarmService, SwarmTask } from '../../src/core/swarm.ts';

/** A running task of service `shop_app` on node `one`; a test says what is different. */
export function task(different: Partial<SwarmTask> = {}): SwarmTask {
  const slot = different.slot ?? 1;
  return {
    id: `task${String(slot)}`.padEnd(25, 'x'),
    version: 1,
    serviceId: 'app-id',
    nodeId: 'one-id',
    slot,
    createdAt: 1_700_000_000 + slot,
    state: 'running',
    containerId: `c${String(slot)}`.padEnd(64, '0'),
    labels: { 'com.docker.stack.namespace': 'shop' },
    attachments: [{ network: 'shop_default', address: `10.0.1.${String(10 + slot)}` }],
    portVariable: undefined,
    ...different,
  };
}

export function service(different: Partial<SwarmService> = {}): SwarmService {
  return {
    id: 'app-id',
    name: 'shop_app',
    labels: { 'lb.pool': 'web:8000' },
    targetPorts: [],
    stopGraceMs: 10_000,
    isUpdating: false,
    ...different,
  };
}

export function node(different: Partial<SwarmNode> = {}): SwarmNode {
  return { id: 'one-id', name: 'one', ...different };
}
