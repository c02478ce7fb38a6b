import { beforeAll, describe, expect, test } from '@jest/globals';

import { chooseNginx, commonReach, listDoubts } from '../../../src/core/choose-nginx.ts';
import { decide } from '../../../src/core/desired.ts';
import type { Circumstances } from '../../../src/core/desired.ts';
import type { Container } from '../../../src/core/model.ts';
import { readNginxBuild } from '../../../src/core/nginx-build.ts';
import { render } from '../../../src/core/render.ts';
import { isHashKey } from '../../../src/core/values.ts';
import { circumstances } from '../../support/circumstances.ts';
import { container } from '../../support/container.ts';
import { findNginx, refusalOf } from '../../support/nginx-binary.ts';
import { readCorpus } from './corpus.ts';

const internal = { address: undefined, port: 9181 };
let nginx: Awaited<ReturnType<typeof findNginx>>;
beforeAll(async () => {
  nginx = await findNginx();
});

const good = container({ name: 'shop-good-1', createdAt: 1, labels: { 'lb.pool': 'app' } });
const bad = (labels: Readonly<Record<string, string>>, different: Partial<Container> = {}): Container =>
  container({
    name: 'shop-bad-1',
    createdAt: 2,
    attachments: [{ network: 'shop_default', address: '10.0.0.66' }],
    ...different,
    labels,
  });
const write = (containers: readonly Container[], around: Circumstances = circumstances): string => {
  const { pools } = decide(containers, { ...around, build: nginx.build });
  return render(pools, nginx.build, internal, '').text;
};

describe('what one container of a project can do to another', () => {
  test('a pool called like a zone of the site is no second use of it', async () => {
    const zones = `limit_req_zone $binary_remote_addr zone=one:1m rate=1r/s;
      limit_conn_zone $binary_remote_addr zone=two:1m;
      upstream three { zone four 512k; server 127.0.0.1:1; }`;
    const text = write([good, bad({ 'lb.pool': 'one, two, four' })]);
    expect(await refusalOf(nginx.binary, `${zones}\n${text}`)).toBeUndefined();
    expect(await refusalOf(nginx.binary, `${text}\n${zones}`)).toBeUndefined();
  });

  test('a name that differs by case only knocks nobody out; who was first keeps the spelling', () => {
    for (const name of ['APP', 'App', 'apP']) {
      const { pools, problems } = decide([bad({ 'lb.pool': name }), good], circumstances);
      expect(pools).toMatchObject([{ name: 'app', members: [{ container: 'shop-good-1' }] }]);
      expect(problems).toMatchObject([{ container: 'shop-bad-1', effect: 'out' }]);
    }
  });

  test('pool labels of a younger one change nothing', () => {
    const alone = write([good]);
    const labels = { 'lb.pool': 'app', 'lb.method': 'ip_hash', 'lb.keepalive': '9999', 'lb.protocol': 'tcp' };
    expect(write([good, bad(labels)])).toBe(alone);
    const speaks = container({ ...good, labels: { ...good.labels, 'lb.method': 'least_conn', 'lb.keepalive': '7' } });
    const text = write([speaks, bad({ ...labels, 'lb.protocol': 'http' })]);
    expect(text).toContain('    least_conn;\n');
    expect(text).toContain('    keepalive 7;\n');
  });

  test('who is out of scope changes nothing at all, whatever it says', () => {
    const labels = { 'com.docker.compose.project': 'blog', 'lb.pool': 'app', 'lb.nginx': 'true', 'lb.x': 'y' };
    const { problems } = decide([good, bad(labels)], circumstances);
    expect(problems).toEqual([]);
    expect(write([good, bad(labels, { name: 'app', createdAt: 0 })])).toBe(write([good]));
  });

  test('a site’s upstream stays the site’s', () => {
    const around = {
      ...circumstances,
      site: { ...circumstances.site, http: { defined: ['Api'], named: [], namedWithPort: ['db'] } },
    };
    const { pools, problems } = decide([good, bad({ 'lb.pool': 'api, DB' })], around);
    expect(pools.map(({ name }) => name)).toEqual(['app']);
    expect(problems).toHaveLength(2);
  });
});

describe('who says it is nginx', () => {
  const web = container({ name: 'shop-nginx-1', labels: { 'com.docker.compose.service': 'nginx' } });

  test('is believed at the word true only', () => {
    for (const { text } of readCorpus().filter(({ text: one }) => one !== 'true')) {
      const hostile = bad({ 'lb.nginx': text });
      expect(chooseNginx([web, hostile], undefined, 'shop')).toEqual([web]);
      expect(decide([good, hostile], circumstances).problems).toHaveLength(text === 'false' ? 0 : 1);
    }
  });

  test('and not in silence: the service nginx that is passed over is named', () => {
    const claimant = bad({ 'lb.nginx': 'true' });
    const chosen = chooseNginx([web, claimant], undefined, 'shop');
    expect(chosen).toEqual([claimant]);
    expect(listDoubts([web, claimant], chosen, 'shop')).toEqual([
      'shop-bad-1 is kept in step, since it is labelled lb.nginx, and the service nginx is not (shop-nginx-1); set LBWATCH_NGINX to say which is nginx, or remove the label',
    ]);
    expect(listDoubts([web], [web], 'shop')).toEqual([]);
    expect(listDoubts([claimant], [claimant], 'shop')).toEqual([]);
  });

  test('nor where two of them leave no network that reaches anybody', () => {
    const one = container({ name: 'shop-a-1', labels: { 'lb.nginx': 'true' } });
    const two = bad({ 'lb.nginx': 'true' }, { attachments: [{ network: 'own', address: '10.9.0.1' }] });
    const chosen = chooseNginx([one, two], undefined, 'shop');
    expect(commonReach(chosen)).toEqual([]);
    expect(listDoubts([one, two], chosen, 'shop')).toEqual([
      'shop-a-1, shop-bad-1 are all taken for nginx and share no network, so no member can be reached by all; set LBWATCH_NGINX to say which is nginx, or remove the label',
    ]);
  });

  test('the setting is above every label', () => {
    expect(chooseNginx([web, bad({ 'lb.nginx': 'true' })], 'nginx', 'shop')).toEqual([web]);
  });
});

describe('hash keys', () => {
  const http = [
    ...['args', 'binary_remote_addr', 'host', 'proxy_protocol_addr', 'query_string', 'realip_remote_addr'],
    ...['remote_addr', 'remote_port', 'remote_user', 'request_method', 'request_uri', 'scheme', 'server_name'],
    ...['server_port', 'ssl_client_fingerprint', 'ssl_session_id', 'uri', 'arg_a', 'cookie___', 'http_x_1'],
  ];
  const stream = [
    ...['binary_remote_addr', 'protocol', 'proxy_protocol_addr', 'proxy_protocol_port', 'remote_addr', 'remote_port'],
    ...['server_addr', 'server_port', 'ssl_preread_server_name'],
  ];

  test.each(http)('nginx knows $%s in an http pool', async (name) => {
    expect(isHashKey(`$${name}`, 'http')).toBe(true);
    expect(
      await refusalOf(nginx.binary, write([bad({ 'lb.pool': 'app', 'lb.method': `hash $${name}` })])),
    ).toBeUndefined();
  });

  test.each(stream)('nginx knows $%s in a tcp pool', async (name) => {
    expect(isHashKey(`$${name}`, 'tcp')).toBe(true);
    const labels = { 'lb.pool': 'app', 'lb.protocol': 'tcp', 'lb.method': `hash $${name}` };
    const { pools } = decide([bad(labels)], { ...circumstances, build: nginx.build });
    expect(await refusalOf(nginx.binary, '', render(pools, nginx.build, internal, '').streams)).toBeUndefined();
  });

  test('nginx refuses what it does not know, so that its word counts', async () => {
    expect(await refusalOf(nginx.binary, 'upstream app { hash $nosuch; server 10.0.0.1:80; }')).toMatch(
      /unknown "nosuch" variable/,
    );
  });

  test.each([
    ['realip_remote_addr', 'http_realip_module'],
    ['ssl_client_fingerprint', 'http_ssl_module'],
    ['ssl_session_id', 'http_ssl_module'],
  ])('$%s is left out where nginx has no %s', (name, module) => {
    const labels = { 'lb.pool': 'app', 'lb.method': `hash $uri:$${name}` };
    const others = ['http_realip_module', 'http_ssl_module'].filter((one) => one !== module);
    const build = readNginxBuild(`nginx version: nginx/1.26.3\n ${others.map((one) => `--with-${one}`).join(' ')}\n`);
    const { pools, problems } = decide([bad(labels)], { ...circumstances, build });
    expect(pools).toMatchObject([{ method: { kind: 'round_robin' }, members: [{ container: 'shop-bad-1' }] }]);
    expect(problems).toMatchObject([
      { effect: 'ignored', label: 'lb.method', message: `the nginx that runs has no $${name}; round_robin is used` },
    ]);
    const whole = readNginxBuild(`nginx version: nginx/1.26.3\n --with-${module}\n`);
    expect(decide([bad(labels)], { ...circumstances, build: whole }).problems).toEqual([]);
  });
});

test('nginx takes every name in the corpus that lbwatch takes for a pool’s, and a site that passes to it', async () => {
  const names = readCorpus().flatMap(({ text, acceptedBy }) => (acceptedBy.includes('lb.pool') ? [text] : []));
  expect(names.length).toBeGreaterThan(10);
  const distinct = [...new Map(names.map((name) => [name.toLowerCase(), name])).values()];
  const pool = (name: string, index: number): Container =>
    container({ name: `shop-${String(index)}`, createdAt: index, labels: { 'lb.pool': name } });
  const site = distinct.map(
    (name, index) => `server { listen 127.0.0.1:${String(20_000 + index)}; location / { proxy_pass http://${name}; } }`,
  );
  expect(await refusalOf(nginx.binary, `${write(distinct.map(pool))}\n${site.join('\n')}`)).toBeUndefined();
});
