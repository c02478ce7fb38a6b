import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { Claim, findHolder } from '../../src/adapters/claim.ts';
import { asMounter } from '../support/as-nobody.ts';
import type { Order } from '../support/claimant.ts';
import '../support/native-errors.ts';

let root: string;
let directory: string;
const children: Claimant[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lbwatch-claim-'));
  directory = join(root, 'shared');
  mkdirSync(directory);
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  rmSync(root, { recursive: true, force: true });
});

test('the second is refused, and told who keeps it, since when, and what to do', async () => {
  const [first, second] = [new Claimant('aaaa'), new Claimant('bbbb')];
  expect(await first.take()).toBe('taken');
  const said = await second.take();
  expect(said).toMatch(
    new RegExp(
      `^held: another lbwatch keeps ${directory}: container aaaa00000000 \\(.+\\), lbwatch 1\\.2\\.3, since \\d{4}-.*Z; .*\\(LBWATCH_DIR\\)$`,
    ),
  );
  expect(findHolder(directory)).toContain('container aaaa00000000');
  // It may ask as often as it likes.
  expect(await first.take()).toBe('taken');
  expect(readdirSync(directory).sort()).toEqual(['lbwatch.holder', 'lbwatch.lock']);
  expect(await first.release()).toBe('released');
  expect(findHolder(directory)).toBeUndefined();
  expect(await second.take()).toBe('taken');
});

test('killed, it keeps nothing for a moment longer: the next one need not wait', async () => {
  const tookMs: number[] = [];
  for (let times = 0; times < 10; times += 1) {
    const [first, second] = [new Claimant('aaaa'), new Claimant('bbbb')];
    expect(await first.take()).toBe('taken');
    expect(await second.take()).toMatch(/^held/);
    await first.kill();
    const beginMs = performance.now();
    // Without any patience.
    expect(await second.take()).toBe('taken');
    tookMs.push(performance.now() - beginMs);
    await second.kill();
  }
  process.stderr.write(`taken over after kill -9 within ${Math.max(...tookMs).toFixed(1)} ms\n`);
});

test('two at the same moment, 200 times: exactly one has it', async () => {
  const pair = [new Claimant('aaaa'), new Claimant('bbbb')] as const;
  const winners: string[] = [];
  for (let round = 0; round < 200; round += 1) {
    const atMs = Date.now() + 5;
    const words = await Promise.all(pair.map((claimant) => claimant.take({ atMs, patienceMs: 60 })));
    expect(words.filter((word) => word === 'taken')).toHaveLength(1);
    expect(words.filter((word) => String(word).startsWith('held'))).toHaveLength(1);
    winners.push(words[0] === 'taken' ? 'first' : 'second');
    await Promise.all(pair.map((claimant) => claimant.release()));
    // As on a new volume.
    if (round % 2 === 0) for (const name of readdirSync(directory)) rmSync(join(directory, name));
  }
  // Else they never met.
  expect(new Set(winners).size).toBe(2);
}, 60_000);

test('one that is about to end is waited for', async () => {
  const [first, second] = [new Claimant('aaaa'), new Claimant('bbbb')];
  await first.take();
  const waiting = second.take({ patienceMs: 5000 });
  await first.kill();
  expect(await waiting).toBe('taken');
});

test('a volume that was replaced is taken anew, and one that another has taken is left to it', async () => {
  const claim = new Claim(directory, undefined, '1');
  await claim.take();
  renameSync(directory, `${directory}.old`);
  mkdirSync(directory);
  await claim.take();
  expect(findHolder(directory)).toMatch(/^process \d+ on /);

  renameSync(directory, `${directory}.older`);
  mkdirSync(directory);
  expect(await new Claimant('bbbb').take()).toBe('taken');
  await expect(claim.take()).rejects.toThrow(/another lbwatch keeps .*bbbb/);
  claim.release();
});

test('whoever comes later may be another user', async () => {
  const claim = new Claim(directory, undefined, '1');
  await claim.take();
  expect(statSync(join(directory, 'lbwatch.lock')).mode & 0o777).toBe(0o666);
  claim.release();
});

test('the lock needs no room on the disk, and a read-only or absent directory is no reason to end', () => {
  const said = asMounter(`
    const { Claim, findHolder } = await import(src + 'adapters/claim.ts');
    const { statfsSync, writeFileSync } = await import('node:fs');
    const directory = ${JSON.stringify(directory)};
    mount('-t', 'tmpfs', '-o', 'size=64k', 'none', directory);
    const { bavail, bsize } = statfsSync(directory);
    writeFileSync(directory + '/filler', Buffer.alloc(bavail * bsize));
    const claim = new Claim(directory, undefined, '1');
    await claim.take();
    console.log('full', claim.obstacle, findHolder(directory));
    claim.release();
    mount('-o', 'remount,ro', directory);
    const other = new Claim(directory, undefined, '1');
    await other.take();
    console.log('read-only', other.obstacle);
    mount('-o', 'remount,rw', directory);
    await other.take();
    console.log('writable again', other.obstacle);
    const absent = new Claim(directory + '/none', undefined, '1');
    await absent.take();
    console.log('absent', absent.obstacle);
  `);
  expect(said.trimEnd().split('\n')).toEqual([
    'full undefined which one is not known',
    expect.stringMatching(/^read-only .*read.?only/i),
    'writable again undefined',
    expect.stringMatching(/^absent ENOENT/),
  ]);
});

test('what lies in place of the holder is shown to nobody raw', async () => {
  const claim = new Claim(directory, '\u001b[2Jx'.padEnd(64, 'y'), '1');
  await claim.take();
  expect(readFileSync(join(directory, 'lbwatch.holder'), 'utf8')).toContain('container');
  expect(await new Claimant('bbbb').take()).not.toContain('\u001b');
  chmodSync(directory, 0o700);
  claim.release();
});

/** A process of its own that takes the directory when told to. */
class Claimant {
  readonly #process: ChildProcess;
  readonly #exit: Promise<unknown>;

  constructor(name: string) {
    const path = join(import.meta.dirname, '../support/claimant.ts');
    this.#process = fork(path, [directory, name], { execArgv: ['--no-warnings'] });
    this.#exit = once(this.#process, 'exit');
    children.push(this);
  }

  take({ atMs = 0, patienceMs = 0 } = {}): Promise<unknown> {
    return this.#ask({ kind: 'take', atMs, patienceMs });
  }

  release(): Promise<unknown> {
    return this.#ask({ kind: 'release' });
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exit;
  }

  async #ask(order: Order): Promise<unknown> {
    const answer = once(this.#process, 'message');
    this.#process.send(order);
    const words: readonly unknown[] = await answer;
    return words[0];
  }
}
