import type { Container } from '../../src/core/model.ts';

/** A running container of project `shop`, on `shop_default`, that exposes one port; a test says what is different. */
export function container(different: Partial<Container> = {}): Container {
  const name = different.name ?? 'shop-app-1';
  return {
    id: idOf(name),
    name,
    createdAt: 1_700_000_000,
    state: 'running',
    health: 'none',
    attachments: [{ network: 'shop_default', address: '10.0.0.2' }],
    exposedPorts: [{ port: 8000, protocol: 'tcp' }],
    portVariable: undefined,
    ...different,
    labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'app', ...different.labels },
  };
}

/** 64 hex digits that differ between names. */
export function idOf(name: string): string {
  return Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64);
}
