import { describe, expect, test } from '@jest/globals';

import type { StatusDocument } from '../../src/report/status-document.ts';
import { renderStatus } from '../../src/report/status-lines.ts';
import { container } from '../support/container.ts';
import { StatusLab } from '../support/status-lab.ts';

const lines = (lab: StatusLab, afterMs = 0): readonly string[] =>
  renderStatus(lab.board.read(), lab.clock.startUnixMs + afterMs).split('\n');

function busy(): StatusLab {
  const lab = new StatusLab();
  lab.report({ kind: 'watching' });
  lab.pass(
    [
      container({ name: 'shop-app-1', createdAt: 1, labels: { 'lb.pool': 'app' } }),
      container({ name: 'shop-app-10', createdAt: 2, labels: { 'lb.pool': 'app', 'lb.x': '1' }, health: 'starting' }),
      container({ name: 'shop-spare-1', createdAt: 3, labels: { 'lb.backup': 'app' } }),
      container({ name: 'shop-late-1', createdAt: 2_000_000_000, labels: { 'lb.pool': 'App' } }),
    ],
    { digest: '0123456789abcdef', notes: ['careful'], circumstances: { declaredPools: ['web'] } },
  );
  return lab;
}

describe('status', () => {
  test('is facts, a table for each pool, who is outside, and what is wrong', () => {
    expect(lines(busy(), 90_000)).toEqual([
      'lbwatch    1.2.3 of shop, started 1 min 30 s ago',
      'state      in step',
      'last pass  unchanged 1 min 30 s ago',
      'wanted     digest 0123456789ab',
      'nginx      shop-nginx-1 1.26.3 runs it',
      '',
      'pool app (http, round_robin): 2 of 3 in',
      '  MEMBER        ROLE     STATE     FOR         ADDRESS        REASON',
      '  shop-app-1    primary  ready     1 min 30 s  10.0.0.2:8000  running',
      '  shop-app-10   primary  starting  1 min 30 s  10.0.0.2:8000  its health check has not passed yet',
      '  shop-spare-1  backup   standby   1 min 30 s  10.0.0.2:8000  running; stands by',
      '',
      'pool web (http, round_robin): 0 of 0 in',
      '',
      'in no pool, though they ask for one',
      '  CONTAINER    ASKS FOR  FOR         REASON',
      '  shop-late-1  App       1 min 30 s  nginx does not tell names apart by case; this pool is written "app"',
      '',
      expect.stringMatching(/^problem: shop-app-10: lb\.x .* \(the label is ignored\)$/),
      expect.stringMatching(/^problem: shop-late-1: nginx does not .* \(it stays out\)$/),
      'note: careful',
      '',
    ]);
  });

  test('has a column for nodes where any member has one', () => {
    const lab = new StatusLab();
    lab.pass([
      container({ name: 'app-1', createdAt: 1, labels: { 'lb.pool': 'app' }, node: 'worker-1' }),
      container({ name: 'app-2', createdAt: 2, labels: { 'lb.pool': 'app' } }),
      container({ name: 'late-1', createdAt: 2_000_000_000, labels: { 'lb.pool': 'App' }, node: 'worker-2' }),
    ]);
    expect(lines(lab)).toEqual(
      expect.arrayContaining([
        '  MEMBER  NODE      ROLE     STATE  FOR  ADDRESS        REASON',
        '  app-1   worker-1  primary  ready  0 s  10.0.0.2:8000  running',
        '  app-2   -         primary  ready  0 s  10.0.0.2:8000  running',
        '  CONTAINER  NODE      ASKS FOR  FOR  REASON',
        expect.stringMatching(/^ {2}late-1 {5}worker-2 {2}App {7}0 s {2}nginx does not/),
      ]),
    );
  });

  test('has it too where only somebody outside has one', () => {
    const lab = new StatusLab();
    lab.pass([
      container({ name: 'app-1', createdAt: 1, labels: { 'lb.pool': 'app' } }),
      container({ name: 'late-1', createdAt: 2_000_000_000, labels: { 'lb.pool': 'App' }, node: 'worker-2' }),
    ]);
    expect(lines(lab)).toContainEqual(expect.stringMatching(/^problem: late-1 on worker-2: nginx does not /));
    expect(lines(lab)).toEqual(expect.arrayContaining([expect.stringMatching(/^ {2}late-1 +worker-2 +App /)]));
  });

  test('before the first pass says that nothing is known', () => {
    expect(lines(new StatusLab())).toEqual([
      'lbwatch    1.2.3, started 0 s ago',
      expect.stringMatching(/^state {6}stale for 0 s, since 2023-.*; the engine's events are not heard$/),
      'last pass  none yet',
      'wanted     not known yet',
      'nginx      none is known',
      '',
    ]);
  });

  test('says where nginx and the wish differ', () => {
    const lab = busy();
    lab.pass([container({ name: 'shop-app-1', labels: { 'lb.pool': 'app' }, state: 'exited' })], {
      digest: 'fedcba9876543210',
      outcome: { kind: 'rejected', message: 'unknown directive\n"x"' },
    });
    expect(lines(lab)).toEqual(
      expect.arrayContaining([
        'last pass  rejected 0 s ago: unknown directive\\u{a}"x"',
        'wanted     digest fedcba987654',
        'nginx      shop-nginx-1 1.26.3 runs another: digest 0123456789ab',
        'pool app (http, round_robin): 1 of 1 in',
        expect.stringMatching(/^ {2}shop-app-1 +primary +out, in +0 s +- +exited$/),
      ]),
    );
  });

  test('shows nothing invisible, and nobody begins a line of his own', () => {
    const evil = 'a\u001b[31mb\n  shop-fake-1  primary  ready\u202e';
    const document: StatusDocument = {
      ...busy().board.read(),
      lbwatch: { version: evil, startedAt: '2026-01-01T00:00:00.000Z', project: evil },
      outcome: { kind: 'unavailable', message: evil, at: '2026-01-01T00:00:00.000Z', sinceEventMs: 1 },
      nginx: [{ name: evil, answersAt: evil, version: evil, digest: evil, inStep: false }],
      pools: busy()
        .board.read()
        .pools.map((pool) => ({
          name: evil,
          protocol: pool.protocol,
          method: evil,
          members: pool.members.map((one) => ({ ...one, container: evil, node: evil, address: evil, reason: evil })),
        })),
      outside: busy()
        .board.read()
        .outside.map((one) => ({ ...one, container: evil, node: evil, pool: evil, reason: evil })),
      problems: busy()
        .board.read()
        .problems.map(({ effect }) => ({ container: evil, node: evil, label: evil, effect, message: evil })),
      notes: [evil],
    };
    const text = renderStatus(document, Date.parse('2026-01-01T00:00:00.000Z'));
    expect(text).not.toMatch(/(?![ \n])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u);
    expect(text).not.toMatch(/^ *shop-fake-1/m);
    expect(text.split('\n')).toHaveLength(lines(busy()).length);
  });
});
