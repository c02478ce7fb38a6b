import { describe, expect, test } from '@jest/globals';

import type { Container } from '../../src/core/model.ts';
import { emptySite } from '../support/site.ts';
import type { StatusDocument } from '../../src/report/status-document.ts';
import { statusSchema } from '../../src/report/status-document.ts';
import { container, idOf } from '../support/container.ts';
import { pass } from '../support/pass.ts';
import { StatusLab } from '../support/status-lab.ts';

const member = (name: string, different: Partial<Container> = {}): Container =>
  container({ name, ...different, labels: { 'lb.pool': 'app', ...different.labels } });

const iso = (lab: StatusLab, afterMs = 0): string => new Date(lab.clock.startUnixMs + afterMs).toISOString();

/** The members of a pool, as `name state in?`. */
function stand({ pools }: StatusDocument, name = 'app'): readonly string[] {
  return pools
    .filter((pool) => pool.name === name)
    .flatMap(({ members }) =>
      members.map(({ container: who, state, isIn }) => `${who} ${state} ${isIn ? 'in' : 'not in'}`),
    );
}

describe('the document', () => {
  test('before the first pass says that nothing is known', () => {
    const lab = new StatusLab();
    expect(lab.board.read()).toEqual({
      lbwatch: { version: '1.2.3', startedAt: iso(lab), project: null },
      ready: false,
      staleSince: iso(lab),
      stream: 'down',
      digest: null,
      outcome: null,
      nginx: [],
      pools: [],
      outside: [],
      problems: [],
      notes: [],
    });
  });

  test('says how everything is, in the shape of the schema and no other', () => {
    const lab = new StatusLab();
    const spare = container({ name: 'shop-spare-1', labels: { 'lb.backup': 'app', 'lb.x': '1' } });
    lab.report({ kind: 'watching' });
    lab.pass([member('shop-app-1', { createdAt: 5 }), spare], { notes: ['careful'] });
    const document = lab.board.read();
    expect(document).toEqual({
      lbwatch: { version: '1.2.3', startedAt: iso(lab), project: 'shop' },
      ready: true,
      staleSince: null,
      stream: 'up',
      digest: 'd1',
      outcome: { kind: 'unchanged', at: iso(lab), sinceEventMs: 41.7 },
      nginx: [{ name: 'shop-nginx-1', answersAt: '192.0.2.1:9181', version: '1.26.3', digest: 'd1', inStep: true }],
      pools: [
        {
          name: 'app',
          protocol: 'http',
          method: 'round_robin',
          members: [
            {
              container: 'shop-app-1',
              id: idOf('shop-app-1').slice(0, 12),
              service: 'app',
              project: 'shop',
              node: null,
              task: null,
              role: 'primary',
              address: '10.0.0.2:8000',
              state: 'ready',
              isIn: true,
              reason: 'running',
              since: iso(lab),
            },
            expect.objectContaining({ container: 'shop-spare-1', role: 'backup', state: 'standby', isIn: true }),
          ],
        },
      ],
      outside: [],
      problems: [
        {
          container: 'shop-spare-1',
          node: null,
          label: 'lb.x',
          effect: 'ignored',
          message: expect.stringContaining('lb.x'),
        },
      ],
      notes: ['careful'],
    });
    expect(statusSchema.parse(document)).toEqual(document);
  });

  test('says of a task of Swarm which one it is, and where', () => {
    const id = 'qz8hk3l2m4n5p6q7r8s9t0u1v';
    const labels = { 'com.docker.stack.namespace': 'shop' };
    const service = 'shop_web';
    const lab = new StatusLab();
    lab.pass([
      member('shop_web.3.qz8hk3l2m4n5', { id, labels, node: 'worker-2', task: { service, containerId: idOf('x') } }),
      member('shop_web.4.y', {
        createdAt: 2e9,
        labels: { ...labels, 'lb.x': '1' },
        node: 'worker-1',
        task: { service, containerId: undefined },
      }),
    ]);
    const document = lab.board.read();
    expect(document.pools[0]?.members).toMatchObject([
      {
        container: 'shop_web.3.qz8hk3l2m4n5',
        id: 'qz8hk3l2m4n5',
        service: 'web',
        project: 'shop',
        node: 'worker-2',
        task: { id, containerId: idOf('x').slice(0, 12) },
      },
      { node: 'worker-1', task: { containerId: null } },
    ]);
    expect(document.problems).toMatchObject([{ container: 'shop_web.4.y', node: 'worker-1' }]);
    expect(statusSchema.parse(document)).toEqual(document);
  });

  test('is made once between two reports', () => {
    const lab = new StatusLab();
    lab.pass([member('a')]);
    const document = lab.board.read();
    expect(lab.board.read()).toBe(document);
    lab.report({ kind: 'watching' });
    expect(lab.board.read()).not.toBe(document);
  });

  test('says of a failure what failed, and of everybody what nginx still runs', async () => {
    const lab = new StatusLab();
    lab.report({ kind: 'watching' });
    lab.pass([member('a')]);
    await lab.clock.advance(1000);
    lab.pass([member('a', { state: 'exited' }), member('b')], {
      digest: 'd2',
      outcome: { kind: 'unavailable', what: 'files', message: 'disk full' },
    });
    const document = lab.board.read();
    expect(document).toMatchObject({
      ready: false,
      staleSince: iso(lab, 958),
      digest: 'd2',
      outcome: { kind: 'unavailable', what: 'files', message: 'disk full', at: iso(lab, 1000) },
      nginx: [{ digest: 'd1', inStep: false }],
    });
    expect(stand(document)).toEqual(['a out in', 'b ready not in']);
    lab.pass([member('a', { state: 'exited' }), member('b')], { digest: 'd2' });
    expect(stand(lab.board.read())).toEqual(['a out not in', 'b ready in']);
  });

  test('keeps what is known where a pass comes to know nothing', () => {
    const lab = new StatusLab();
    const plan = lab.pass([member('a')]);
    lab.report(pass({ outcome: { kind: 'unavailable', what: 'engine', message: 'no engine' }, reasons: [] }));
    expect(stand(lab.board.read())).toEqual(['a ready in']);
    expect(lab.board.read().digest).toBe(plan.rendered.digest);
  });

  test('says since when: a wall clock that jumps counts from then on', async () => {
    const lab = new StatusLab();
    lab.pass([member('a')]);
    lab.clock.jump(3_600_000);
    await lab.clock.advance(1000);
    lab.pass([member('a'), member('b')]);
    const since = lab.board.read().pools[0]?.members.map((one) => one.since);
    expect(since).toEqual([iso(lab), iso(lab, 3_601_000)]);
  });
});

describe('who belongs where', () => {
  test('oldest first, whoever is in', () => {
    const lab = new StatusLab();
    lab.pass([
      member('new', { createdAt: 9 }),
      member('old', { createdAt: 1, state: 'exited' }),
      container({ name: 'spare', createdAt: 5, labels: { 'lb.backup': 'app' } }),
    ]);
    expect(stand(lab.board.read())).toEqual(['old out not in', 'spare standby in', 'new ready in']);
  });

  test('a container that asks for no pool, or belongs to others, is not told of; one that asks in vain is outside', () => {
    const lab = new StatusLab();
    const site = { ...emptySite, http: { ...emptySite.http, defined: ['mine'] } };
    lab.pass(
      [
        container({ name: 'db' }),
        member('foreign', { labels: { 'com.docker.compose.project': 'other' } }),
        member('unreadable', { labels: { 'lb.pool': 'no spaces' } }),
        member('clash', { labels: { 'lb.pool': 'mine' } }),
        member('a'),
        member('b', { labels: { 'lb.pool': 'APP' }, createdAt: 2_000_000_000 }),
      ],
      { circumstances: { site } },
    );
    const { pools, outside } = lab.board.read();
    expect(pools.map(({ name }) => name)).toEqual(['app']);
    expect(outside.map(({ container: who, pool, state }) => [who, pool, state]).sort()).toEqual([
      ['b', 'APP', 'out'],
      ['clash', 'mine', 'out'],
      ['unreadable', null, 'out'],
    ]);
    for (const { reason } of outside) expect(reason).toMatch(/.{10,}/);
  });

  test('of two pools of one name, the one that its labels mean', () => {
    const lab = new StatusLab();
    const both = {
      ...emptySite,
      http: { ...emptySite.http, named: ['db'] },
      stream: { ...emptySite.stream, named: ['db'] },
    };
    lab.pass([member('pg', { state: 'exited', labels: { 'lb.pool': 'db', 'lb.protocol': 'tcp' } })], {
      circumstances: { site: both },
    });
    const { pools } = lab.board.read();
    expect(pools.map(({ protocol, members }) => [protocol, members.length])).toEqual([
      ['http', 0],
      ['tcp', 1],
    ]);
  });

  test.each([
    ['round_robin', 'round_robin'],
    ['hash $request_uri consistent', 'hash $request_uri consistent'],
    ['random two least_conn', 'random two'],
    ['ip_hash', 'ip_hash'],
  ])('lb.method: %s', (label, method) => {
    const lab = new StatusLab();
    lab.pass([member('a', { labels: { 'lb.method': label } })]);
    expect(lab.board.read().pools[0]?.method).toBe(method);
  });
});

describe('ten thousand containers', () => {
  const many = Array.from({ length: 10_000 }, (_, index) =>
    member(`m${String(index)}`, { createdAt: index, attachments: [{ network: 'shop_default', address: '10.0.0.2' }] }),
  );

  test('the document is made when somebody asks, and only then', () => {
    const lab = new StatusLab();
    let made = 0;
    const counting = many.map((one) => ({
      ...one,
      get labels() {
        made += 1;
        return one.labels;
      },
    }));
    lab.pass(counting);
    const byPass = made;
    lab.report({ kind: 'watching' });
    lab.report({ kind: 'cut', why: 'x', retryMs: 1, silentMs: 0 });
    expect(made).toBe(byPass);
    expect(stand(lab.board.read())).toHaveLength(10_000);
    expect(made).toBeGreaterThan(byPass);
  });
});
