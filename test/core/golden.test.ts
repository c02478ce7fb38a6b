/**
 * Runs every case under test/golden. `UPDATE_GOLDEN=1` rewrites the lower halves: read the diff, an expectation is only
 * worth what somebody has checked.
 */

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { beforeAll, describe, expect, test } from '@jest/globals';

import { isAtLeast } from '../../src/core/nginx-build.ts';
import { readGiven, renderExpected, renderWhole, separator, splitGolden } from '../support/golden.ts';
import { findNginx, refusalOf } from '../support/nginx-binary.ts';

const folder = path.join(import.meta.dirname, '..', 'golden');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.txt'))
  .sort();
const leastCases = 50;

test(`there are at least ${String(leastCases)} cases: an empty folder proves nothing`, () => {
  expect(files.length).toBeGreaterThanOrEqual(leastCases);
});

test('a file without the separator, or with a key nobody knows, is refused', () => {
  expect(() => splitGolden('container shop-app-1\n  lb.pool: app\n')).toThrow(separator);
  expect(() => readGiven('container shop-app-1\n  lb.pool: app\n  helth: healthy\n')).toThrow('unknown: helth');
  expect(() => readGiven('fail-opne: on\n')).toThrow('unknown: fail-opne');
  expect(() => readGiven('container shop-app-1\n  health: fine\n')).toThrow('"fine" is none of');
});

describe('golden', () => {
  test.each(files)('%s', (file) => {
    const filePath = path.join(folder, file);
    const { given, expected } = splitGolden(readFileSync(filePath, 'utf8'));
    const actual = renderExpected(readGiven(given));
    if (process.env['UPDATE_GOLDEN'] === '1') {
      writeFileSync(filePath, `${given}\n${separator}\n${actual}`);
      return;
    }
    expect(expected).not.toBe('');
    expect(actual).toBe(expected);
  });
});

describe('nginx -t accepts', () => {
  let nginx: Awaited<ReturnType<typeof findNginx>>;
  beforeAll(async () => {
    nginx = await findNginx();
  });

  test.each(files)('%s', async (file) => {
    const { given } = splitGolden(readFileSync(path.join(folder, file), 'utf8'));
    const golden = readGiven(given);
    const { build } = golden.circumstances;
    // What only a newer nginx takes is written for the one that is here, as lbwatch would.
    const isNewer = !isAtLeast(nginx.build.version ?? '', build.version ?? '0');
    const { text, streams } = renderWhole(golden, isNewer ? nginx.build : build);
    expect(await refusalOf(nginx.binary, text, streams)).toBeUndefined();
  });

  test('and refuses what is wrong, so that its word counts', async () => {
    expect(await refusalOf(nginx.binary, '', 'upstream app { }')).toMatch(/no servers/);
    expect(await refusalOf(nginx.binary, '', 'upstream app { ip_hash; server 10.0.0.1:80; }')).toMatch(/ip_hash/);

    expect(await refusalOf(nginx.binary, 'upstream app { }')).toMatch(/no servers/);
    expect(
      await refusalOf(nginx.binary, 'upstream app { ip_hash; server 10.0.0.1:80; server 10.0.0.2:80 backup; }'),
    ).toMatch(/backup/);
  });
});
