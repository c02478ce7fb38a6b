import { describe, expect, test } from '@jest/globals';

import { chooseNginx, commonReach } from '../../src/core/choose-nginx.ts';
import type { Container } from '../../src/core/model.ts';
import { container } from '../support/container.ts';

const of = (name: string, service: string, labels: Record<string, string> = {}, project = 'shop'): Container =>
  container({
    name,
    labels: { 'com.docker.compose.project': project, 'com.docker.compose.service': service, ...labels },
  });
const names = (chosen: readonly Container[]): readonly string[] => chosen.map(({ name }) => name);

describe('chooseNginx', () => {
  const app = of('shop-app-1', 'app');
  const web = of('shop-nginx-1', 'nginx');
  const second = of('shop-nginx-2', 'nginx');
  const edge = of('shop-edge-1', 'edge', { 'lb.nginx': 'true' });
  const foreign = of('blog-nginx-1', 'nginx', {}, 'blog');

  test('takes the service nginx of the own project, all its replicas', () => {
    expect(names(chooseNginx([app, web, foreign, second], undefined, 'shop'))).toEqual([
      'shop-nginx-1',
      'shop-nginx-2',
    ]);
  });

  test('prefers the label, where it says true and nothing else', () => {
    expect(names(chooseNginx([web, edge], undefined, 'shop'))).toEqual(['shop-edge-1']);
    for (const text of ['', 'false', 'TRUE', 'true ', '1', 'yes']) {
      const unsaid = of('shop-edge-1', 'edge', { 'lb.nginx': text });
      expect(names(chooseNginx([web, unsaid], undefined, 'shop'))).toEqual(['shop-nginx-1']);
    }
  });

  test('none of another machine, whoever names it', () => {
    const far = (one: Container): Container => ({ ...one, published: { address: '192.0.2.7', ports: [] } });
    expect(names(chooseNginx([far(second), web], undefined, 'shop'))).toEqual(['shop-nginx-1']);
    expect(names(chooseNginx([far(edge), web], undefined, 'shop'))).toEqual(['shop-nginx-1']);
    expect(names(chooseNginx([far(web)], 'shop-nginx-1', 'shop'))).toEqual([]);
  });

  test('prefers the setting: a container, an id, a service', () => {
    const all = [app, web, edge, foreign];
    expect(names(chooseNginx(all, 'shop-nginx-1', 'shop'))).toEqual(['shop-nginx-1']);
    expect(names(chooseNginx(all, web.id.slice(0, 40), 'shop'))).toEqual(['shop-nginx-1']);
    expect(names(chooseNginx(all, 'edge', 'shop'))).toEqual(['shop-edge-1']);
    expect(names(chooseNginx(all, 'blog-nginx-1', 'shop'))).toEqual(['blog-nginx-1']);
  });

  test('a short word that happens to be hex is a name, not an id', () => {
    expect(chooseNginx([web], web.id.slice(0, 11), 'shop')).toEqual([]);
  });

  test('a service is sought in the own project only, and a label in another one counts for nothing', () => {
    expect(chooseNginx([foreign], 'nginx', 'shop')).toEqual([]);
    expect(chooseNginx([of('blog-x-1', 'x', { 'lb.nginx': 'true' }, 'blog'), foreign], undefined, 'shop')).toEqual([]);
  });

  test('without an own project every one counts', () => {
    expect(names(chooseNginx([app, web, foreign], undefined, undefined))).toEqual(['shop-nginx-1', 'blog-nginx-1']);
  });

  test('a one-off copy is never chosen by label or service', () => {
    const run = of('shop-nginx-run-1', 'nginx', { 'com.docker.compose.oneoff': 'True' });
    expect(names(chooseNginx([run, web], undefined, 'shop'))).toEqual(['shop-nginx-1']);
  });
});

describe('commonReach', () => {
  const on = (...networks: string[]): Container =>
    container({ attachments: networks.map((network) => ({ network, address: undefined })) });

  test('one nginx reaches its networks, several what they share', () => {
    expect(commonReach([on('a', 'b')])).toEqual(['a', 'b']);
    expect(commonReach([on('a', 'b'), on('b', 'c')])).toEqual(['b']);
    expect(commonReach([on('a'), on('b')])).toEqual([]);
    expect(commonReach([on()])).toEqual([]);
  });

  test('on the host’s network it reaches every bridge', () => {
    expect(commonReach([on('host')])).toBe('any');
    expect(commonReach([on('host'), on('a')])).toEqual(['a']);
    expect(commonReach([])).toBe('any');
  });
});
