import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { decide } from '../../../src/core/desired.ts';
import { knownLabels } from '../../../src/core/labels.ts';
import type { Container } from '../../../src/core/model.ts';
import { render } from '../../../src/core/render.ts';
import { circumstances } from '../../support/circumstances.ts';
import { container } from '../../support/container.ts';
import { ForeignParser } from '../../support/foreign-parser.ts';
import { expectStructure } from '../../support/structure.ts';
import { readCorpus } from './corpus.ts';

const corpus = readCorpus();
let parser: ForeignParser;
beforeAll(() => {
  parser = new ForeignParser();
});
afterAll(() => parser.close());

const hostileTo = (labels: Readonly<Record<string, string>>): Container =>
  container({ name: 'shop-bad-1', labels, attachments: [{ network: 'shop_default', address: '10.0.0.66' }] });
const neighbour = (labels: Readonly<Record<string, string>>): Container =>
  container({ name: 'shop-good-1', createdAt: 1, labels });

test('the corpus is there, and no two lines say the same', () => {
  expect(corpus.length).toBeGreaterThan(200);
  expect(new Set(corpus.map(({ text }) => text)).size).toBe(corpus.length);
});

describe.each(corpus)('$name', ({ text, acceptedBy }) => {
  test('is accepted by the labels that it is meant for, and refused by all others', () => {
    const accepting = knownLabels.filter((label) => {
      const { memberships, problems } = decide([hostileTo({ 'lb.pool': 'own', [label]: text })], circumstances);
      const refusals = problems.filter((problem) => problem.effect === 'out' && problem.label === label);
      const isServed = memberships.some(({ state }) => state === 'in');
      // A network that the container is not on is refused for that, not for its name.
      const isRead =
        label === 'lb.network' ? !refusals.some(({ message }) => message.includes('is refused')) : isServed;
      expect(refusals.length > 0).toBe(!isServed);
      for (const { message } of problems) expect(message.length).toBeLessThan(1000);
      return isRead;
    });
    expect([...accepting].sort()).toEqual([...acceptedBy].sort());
  });

  test.each([
    ['an http pool', {}],
    ['a tcp pool', { 'lb.protocol': 'tcp' }],
  ])('in any label, whoever is in %s stays as it is', async (_, protocol) => {
    for (const label of knownLabels) {
      // Of a pool of its own, and of the neighbour's.
      for (const pool of ['own', 'app']) {
        const good = neighbour({ 'lb.pool': 'app', ...protocol });
        const bad = hostileTo({ 'lb.pool': pool, ...protocol, [label]: text });
        await expectStructure(parser, [good, bad], circumstances);
        expect(firstServerOf('app', [good, bad])).toBe(firstServerOf('app', [good]));
        if (pool === 'own') expect(blockOf('app', [good, bad])).toBe(blockOf('app', [good]));
      }
    }
  });
});

/** As it stands in either file; a hostile member that may be in the same pool comes after. */
function blockOf(pool: string, containers: readonly Container[]): string {
  const { pools } = decide(containers, circumstances);
  const { text, streams } = render(pools, circumstances.build, { address: undefined, port: 9181 }, '');
  const block = new RegExp(`^upstream ${pool} \\{\n[^}]*\\}\n`, 'm').exec(text + streams)?.[0];
  if (block === undefined) throw new Error(`no upstream ${pool} in\n${text}${streams}`);
  return block;
}

function firstServerOf(pool: string, containers: readonly Container[]): string | undefined {
  return /^ {4}server .*$/m.exec(blockOf(pool, containers))?.[0];
}
