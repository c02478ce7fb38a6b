import type { Pool } from '../../src/core/model.ts';

/** A pool as lbwatch would have it. */
export function poolOf(name: string, servers: number): Pool {
  const members = Array.from({ length: servers }, (_, index) => ({
    containerId: String(index),
    container: `shop-app-${String(index)}`,
    role: 'primary' as const,
    standsBy: false,
    address: `10.${String(index >> 16)}.${String((index >> 8) & 255)}.${String(index & 255)}:8000`,
    options: { weight: undefined, maxFails: undefined, failTimeoutS: undefined, maxConns: undefined },
  }));
  return { name, protocol: 'http', method: { kind: 'round_robin' }, keepalive: 32, members };
}
