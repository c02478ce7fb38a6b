import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from '@jest/globals';

import { buildBundle } from './support/run-lab.ts';

const dist = join(import.meta.dirname, '../dist');
const bundle = join(dist, 'lbwatch.js');

describe('the bundle', () => {
  beforeAll(() => {
    expect(buildBundle()).toEqual({ code: 0, said: '' });
  });

  test('comes to nothing that was left out, and refuses what would need it', () => {
    const explain = (host: string): string =>
      spawnSync(process.execPath, [bundle, 'explain'], {
        encoding: 'utf8',
        env: { DOCKER_HOST: host, LBWATCH_SCOPE: 'all' },
      }).stderr;
    expect(explain('unix:///nonexistent')).toMatch(/^lbwatch: .*no Docker socket at unix:\/\/\/nonexistent/);
    expect(explain('ssh://somebody@engine')).toMatch(/^lbwatch: .*does not speak ssh: forward the socket/);
  });

  // Each MB of text is two of memory, before anything of it runs.
  test('has no larger parts than what is used of them; none of the status page, which lies beside it', () => {
    const part = (name: string): string => readdirSync(dist).find((file) => file.startsWith(`${name}-`)) ?? '';
    expect(reach('lbwatch.js', new Set()).size).toBe(1);
    const always = reach(part('main'), new Set(['lbwatch.js']));
    expect(sumBytes(always)).toBeLessThan(270_000);
    expect(sumBytes(reach(part('engine-commands'), new Set(always)))).toBeLessThan(1_180_000);
    expect(readdirSync(dist).filter((name) => name.endsWith('.js')).length).toBeLessThan(10);
  });
});

/** The parts that one loads before it runs, and itself. */
function reach(part: string, known: Set<string>): ReadonlySet<string> {
  if (known.has(part)) return known;
  known.add(part);
  const text = readFileSync(join(dist, part), 'utf8');
  for (const [, other = ''] of text.matchAll(/(?:\bfrom|\bimport) ?"\.\/([^"/]+\.js)"/g)) reach(other, known);
  return known;
}

function sumBytes(parts: ReadonlySet<string>): number {
  return [...parts].reduce((bytes, part) => bytes + statSync(join(dist, part)).size, 0);
}
