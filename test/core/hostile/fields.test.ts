import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { toContainer, toInspected, toPortVariable } from '../../../src/adapters/docker-map.ts';
import { decide } from '../../../src/core/desired.ts';
import type { Container } from '../../../src/core/model.ts';
import { render } from '../../../src/core/render.ts';
import { circumstances } from '../../support/circumstances.ts';
import { container } from '../../support/container.ts';
import { ForeignParser } from '../../support/foreign-parser.ts';
import { expectStructure } from '../../support/structure.ts';
import { readCorpus } from './corpus.ts';

const texts = readCorpus().map(({ text }) => text);
const invisible = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;
let parser: ForeignParser;
beforeAll(() => {
  parser = new ForeignParser();
});
afterAll(() => parser.close());

const good = container({ name: 'shop-good-1', createdAt: 1, labels: { 'lb.pool': 'app' } });
const goodServer = '    server 10.0.0.2:8000;  # shop-good-1\n';
const elsewhere = { network: 'shop_default', address: '10.0.0.66' };
const bad = (different: Partial<Container>): Container =>
  container({
    name: 'shop-bad-1',
    attachments: [elsewhere],
    ...different,
    labels: { 'lb.pool': 'app', ...different.labels },
  });

/** The neighbour is served, whoever reads the file finds the pools only, and what is said can be shown. */
async function expectHarmless(hostile: Container, around = circumstances): Promise<void> {
  await expectStructure(parser, [good, hostile], around);
  const { pools, memberships, problems } = decide([good, hostile], around);
  expect(render(pools, around.build, { address: undefined, port: 9181 }, '').text).toContain(goodServer);
  for (const { reason, address } of memberships) expect(`${reason}${address ?? ''}`).not.toMatch(invisible);
  for (const { message } of problems) expect(message).not.toMatch(invisible);
}

describe('hostile text where no label is', () => {
  test.each<[string, (text: string) => Container]>([
    ['a container’s name', (text) => bad({ name: text })],
    ['a network’s name', (text) => bad({ attachments: [{ network: text, address: '10.0.0.66' }] })],
    [
      'a network’s name beside the shared one',
      (text) => bad({ attachments: [{ network: text, address: '10.9.0.1' }, elsewhere] }),
    ],
    ['a service’s name', (text) => bad({ labels: { 'com.docker.compose.service': text } })],
    ['a project’s name', (text) => bad({ labels: { 'com.docker.compose.project': text } })],
    ['the mark of a one-off', (text) => bad({ labels: { 'com.docker.compose.oneoff': text } })],
    ['a label’s name', (text) => bad({ labels: { [text]: text } })],
    ['a label’s name after lb.', (text) => bad({ labels: { [`lb.${text}`]: text } })],
    ['a label’s name after a known one', (text) => bad({ labels: { [`lb.pool${text}`]: text } })],
  ])('as %s', async (_, hostile) => {
    for (const text of texts) await expectHarmless(hostile(text));
  });

  test('as a network’s name that nginx is on as well', async () => {
    for (const text of texts) {
      const hostile = bad({ attachments: [{ network: text, address: '10.0.0.66' }] });
      await expectHarmless(hostile, { ...circumstances, reach: ['shop_default', text] });
    }
  });

  test('as an address: the member stays out, with a problem, and nobody else does', async () => {
    const addresses = [
      '10.0.0.256',
      '10.0.0',
      '010.0.0.1',
      '10.0.0.1/16',
      '10.0.0.1 backup',
      '10.0.0.1;',
      'app',
      '2130706433',
      '0x7f.1',
    ];
    const ipv6 = ['fe80::1%eth0', 'fe80::1%', '[fd00::1]', 'fd00::1/64', ':::', 'fd00::1\n', '::ffff:10.0.0.256'];
    for (const address of [
      ...addresses,
      ...ipv6,
      ...texts.filter((text) => text !== '' && !['6.6.6.6', '::1'].includes(text)),
    ]) {
      const hostile = bad({ attachments: [{ network: 'shop_default', address }] });
      await expectHarmless(hostile);
      const { memberships, problems } = decide([good, hostile], circumstances);
      expect(memberships.map(({ container, state }) => `${container} ${state}`)).toEqual([
        'shop-bad-1 out',
        'shop-good-1 in',
      ]);
      expect(problems).toMatchObject([{ container: 'shop-bad-1', label: 'lb.network', effect: 'out' }]);
    }
  });
});

describe('an engine, or somebody between, that lies', () => {
  const listed = {
    Id: 'a'.repeat(64),
    Names: ['/shop-bad-1'],
    Created: 1,
    State: 'running',
    Status: 'Up',
    Labels: { 'lb.pool': 'app' },
  };
  const shapes: readonly unknown[] = [null, undefined, [], {}, '', 'x', 0, true];

  /** What crosses the border as JSON, whatever the types promise. */
  const list = (different: object): Container => {
    const parse: (json: string) => Parameters<typeof toContainer>[0] = JSON.parse;
    return toContainer(parse(JSON.stringify({ ...listed, ...different })), undefined);
  };
  const inspect = (different: object): Container => {
    const parse: (json: string) => Parameters<typeof toInspected>[0] = JSON.parse;
    const plain = { Id: listed.Id, Name: '/shop-bad-1', Created: '2023-11-14T22:13:20Z', State: { Status: 'running' } };
    return toInspected(parse(JSON.stringify({ ...plain, Config: { Labels: listed.Labels }, ...different })));
  };
  const inScope = { ...circumstances, scope: { kind: 'all' as const } };

  test.each<[string, (shape: unknown) => Container]>([
    ['labels', (shape) => list({ Labels: shape })],
    ['a label', (shape) => list({ Labels: { 'lb.pool': shape, 'lb.weight': shape, 'lb.nginx': shape } })],
    ['names', (shape) => list({ Names: Array.isArray(shape) || shape === null ? shape : undefined })],
    ['networks', (shape) => list({ NetworkSettings: { Networks: shape } })],
    ['network settings', (shape) => list({ NetworkSettings: shape })],
    ['an endpoint', (shape) => list({ NetworkSettings: { Networks: { shop_default: shape } } })],
    ['an address', (shape) => list({ NetworkSettings: { Networks: { shop_default: { IPAddress: shape } } } })],
    ['a port', (shape) => list({ Ports: [{ PrivatePort: shape, Type: shape }] })],
    ['a creation time', (shape) => inspect({ Created: typeof shape === 'string' ? shape : 'never' })],
    ['inspected labels', (shape) => inspect({ Config: { Labels: shape } })],
    ['a configuration', (shape) => inspect({ Config: shape })],
    ['inspected ports', (shape) => inspect({ NetworkSettings: { Ports: shape } })],
  ])('about %s harms nobody', async (_, lie) => {
    for (const shape of shapes) await expectHarmless(lie(shape), inScope);
  });

  test.each(['0/tcp', '-1/tcp', '65536/tcp', '1e3/tcp', '0x50/tcp', '80;/tcp', '/tcp', '80.5/tcp', 'NaN'])(
    'exposes no port %j',
    (key) => {
      expect(inspect({ NetworkSettings: { Ports: { [key]: null } } }).exposedPorts).toEqual([]);
    },
  );

  test('PORT of the environment is a port or nothing', () => {
    for (const text of texts) expect(toPortVariable([`PORT=${text}`])).toBeUndefined();
    for (const text of ['0', '65536', '080', '8000 ', '+80', '80\n'])
      expect(toPortVariable([`PORT=${text}`])).toBeUndefined();
    expect(toPortVariable(['PORT=8000'])).toBe(8000);
  });
});
