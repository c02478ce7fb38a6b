import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { decide } from '../../src/core/desired.ts';
import type { Circumstances } from '../../src/core/desired.ts';
import type { Container } from '../../src/core/model.ts';
import { render } from '../../src/core/render.ts';
import type { Rendered } from '../../src/core/render.ts';
import { namesFor } from '../../src/core/site.ts';
import { anyCircumstances, anyContainers } from '../support/arbitraries.ts';
import { ForeignParser } from '../support/foreign-parser.ts';
import { findNginx, refusalOf } from '../support/nginx-binary.ts';
import { expectStructure } from '../support/structure.ts';

const internal = { address: undefined, port: 9181 };
const write = (containers: readonly Container[], around: Circumstances): Rendered =>
  render(decide(containers, around).pools, around.build, internal, '');

let parser: ForeignParser;
beforeAll(() => {
  parser = new ForeignParser();
});
afterAll(() => parser.close());

describe('decide and render', () => {
  test('any order of an inventory gives equal bytes, digest and explanations', () => {
    const shuffled = anyContainers.chain((containers) =>
      fc.tuple(
        fc.constant(containers),
        fc.shuffledSubarray([...containers], { minLength: containers.length, maxLength: containers.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, anyCircumstances, ([containers, others], around) => {
        const desired = decide(containers, around);
        expect(decide(others, around)).toEqual(desired);
        expect(render(decide(others, around).pools, around.build, internal, 'site')).toEqual(
          render(desired.pools, around.build, internal, 'site'),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('the order of labels, networks and ports within a container does not count', () => {
    fc.assert(
      fc.property(anyContainers, anyCircumstances, (containers, around) => {
        const turned = containers.map((one) => ({
          ...one,
          labels: Object.fromEntries(Object.entries(one.labels).reverse()),
          attachments: [...one.attachments].reverse(),
          exposedPorts: [...one.exposedPorts].reverse(),
        }));
        expect(decide(turned, around)).toEqual(decide(containers, around));
      }),
      { numRuns: 300 },
    );
  });

  test('whatever is written anywhere, another parser finds the pools in both files, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(anyContainers, anyCircumstances, async (containers, around) => {
        await expectStructure(parser, containers, around);
      }),
      { numRuns: 300 },
    );
  }, 120_000);

  test('every container is explained, in and out agree with the pools, and texts are printable', () => {
    fc.assert(
      fc.property(anyContainers, anyCircumstances, (containers, around) => {
        const { pools, memberships, problems } = decide(containers, around);
        expect(new Set(memberships.map(({ containerId }) => containerId))).toEqual(
          new Set(containers.map(({ id }) => id)),
        );
        const served = pools.flatMap(({ name, members }) =>
          members.map(({ containerId, address }) => [name, containerId, address].join(' ')),
        );
        const explained = memberships
          .filter(({ state }) => state === 'in')
          .map(({ pool, containerId, address }) => [pool, containerId, address].join(' '));
        expect(explained.sort()).toEqual(served.sort());
        for (const text of [...memberships.map(({ reason }) => reason), ...problems.map(({ message }) => message)]) {
          expect(text).not.toMatch(/[^\P{C}]|[\u2028\u2029]/u);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('pools differ by more than case, and a conflict with the site is never written', () => {
    fc.assert(
      fc.property(anyContainers, anyCircumstances, (containers, around) => {
        const { pools } = decide(containers, around);
        for (const protocol of ['http', 'tcp'] as const) {
          const ofModule = pools.filter((pool) => (pool.protocol === 'http') === (protocol === 'http'));
          const names = ofModule.map(({ name }) => name.toLowerCase());
          expect(new Set(names).size).toBe(names.length);
          const { defined, namedWithPort } = namesFor(around.site, protocol);
          const taken = [...defined, ...namedWithPort].map((name) => name.toLowerCase());
          expect(names.filter((name) => taken.includes(name))).toEqual([]);
        }
        // One name is one pool for its members, whatever the site makes of it.
        const served = pools.filter(({ members }) => members.length > 0).map(({ name }) => name.toLowerCase());
        expect(new Set(served).size).toBe(served.length);
      }),
    );
  });

  test('no backup stands beside a method that refuses it, or alone', () => {
    fc.assert(
      fc.property(anyContainers, anyCircumstances, (containers, around) => {
        for (const { method, members } of decide(containers, around).pools) {
          const standing = members.filter(({ standsBy }) => standsBy).length;
          const refuses = !['round_robin', 'least_conn'].includes(method.kind);
          expect(standing === 0 || (!refuses && standing < members.length)).toBe(true);
        }
      }),
    );
  });
});

describe('a real nginx', () => {
  let nginx: Awaited<ReturnType<typeof findNginx>>;
  beforeAll(async () => {
    nginx = await findNginx();
  });

  test('accepts what arbitrary containers render', async () => {
    await fc.assert(
      fc.asyncProperty(anyContainers, anyCircumstances, async (containers, around) => {
        const { text, streams } = write(containers, { ...around, build: nginx.build });
        expect(await refusalOf(nginx.binary, text, streams)).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });
});
