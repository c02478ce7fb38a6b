import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { asMounter } from '../support/as-nobody.ts';

/**
 * Real file systems that are full, read-only or gone. Each script prints, a line each, what became of a write, what the
 * files held then, and what lay in the directory.
 */
const prelude = (directory: string): string => `
  const { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync, statfsSync } = await import('node:fs');
  const { DiskFiles } = await import(src + 'adapters/files.ts');
  const { DrainFolder } = await import(src + 'adapters/drain-folder.ts');
  const directory = ${JSON.stringify(directory)};
  const say = (what) => console.log(what);
  const files = new DiskFiles(directory, []);
  const drains = new DrainFolder(directory);
  const id = 'c0ffee'.padEnd(64, '0');
  const texts = (text) => ({ text, streams: 's ' + text });
  const attempt = async (act) => {
    try { await act(); return 'done'; } catch (error) { return error.name + ': ' + error.message; }
  };
  const generated = () => { const { text, streams } = { text: readFileSync(files.generatedPath, 'utf8'), streams: readFileSync(files.streamsPath, 'utf8') }; return text.length + ' ' + streams.length; };
  const inside = () => readdirSync(directory).sort().join(' ');
`;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lbwatch-disk-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

test('no room: no half file, the old ones stay, nothing is left behind, and it recovers by itself', () => {
  expect(
    run(`
      mount('-t', 'tmpfs', '-o', 'size=256k', 'none', directory);
      const large = texts('x'.repeat(50_000));
      await files.writeGenerated(texts('old'));
      await files.writeLastGood(texts('old'));
      await drains.write(id, { kind: 'drained', sinceMs: 1 });
      // Room for a part of it: the first write is a short one, and no error.
      const { bavail, bsize } = statfsSync(directory);
      writeFileSync(directory + '/filler', Buffer.alloc((bavail - 5) * bsize));
      say(await attempt(() => files.writeGenerated(large)));
      say(generated() + ' | ' + inside());
      say(await attempt(() => files.writeLastGood(large)));
      say((await files.readLastGood()).text);
      // No room at all.
      writeFileSync(directory + '/filler2', Buffer.alloc(5 * bsize));
      say(await attempt(() => drains.write(id, { kind: 'withdrawn', sinceMs: 2 })));
      say(JSON.stringify((await drains.read()).drains.get(id)));
      for (let times = 0; times < 1000; times += 1) await attempt(() => files.writeGenerated(large));
      say(inside());
      for (const name of ['/filler', '/filler2']) rmSync(directory + name);
      say(await attempt(() => files.writeGenerated(large)));
      say(generated());
    `),
  ).toEqual([
    `AppError: cannot write ${directory}/streams.conf: ENOSPC: no space left on device, write; make room on its file system; the file there stays as it was`,
    '3 5 | drained filler streams.conf upstreams.conf upstreams.last-good',
    `AppError: cannot write ${directory}/upstreams.last-good: ENOSPC: no space left on device, write; make room on its file system; the file there stays as it was`,
    'old',
    expect.stringMatching(/^AppError: cannot write .*: ENOSPC: .*; make room on its file system; nothing is drained$/),
    '{"kind":"drained","sinceMs":1}',
    'drained filler filler2 streams.conf upstreams.conf upstreams.last-good',
    'done',
    '50000 50002',
  ]);
});

test('no room for another file: the same', () => {
  expect(
    run(`
      mount('-t', 'tmpfs', '-o', 'nr_inodes=4', 'none', directory);
      await files.writeGenerated(texts('old'));
      writeFileSync(directory + '/filler', '');
      say(await attempt(() => files.writeGenerated(texts('newer'))));
      say(generated() + ' | ' + inside());
      rmSync(directory + '/filler');
      say(await attempt(() => files.writeGenerated(texts('newer'))));
      say(generated());
    `),
  ).toEqual([expect.stringMatching(/ENOSPC.*make room/), '3 5 | filler streams.conf upstreams.conf', 'done', '5 7']);
});

test('read-only for a while: the old files stay, and it recovers by itself', () => {
  expect(
    run(`
      mount('-t', 'tmpfs', 'none', directory);
      await files.writeGenerated(texts('old'));
      mount('-o', 'remount,ro', directory);
      say(await attempt(() => files.writeGenerated(texts('newer'))));
      say(await attempt(() => files.writeLastGood(texts('newer'))));
      say(await attempt(() => drains.write(id, { kind: 'drained', sinceMs: 1 })));
      say(await attempt(() => drains.remove(id)));
      say(generated() + ' | ' + inside());
      mount('-o', 'remount,rw', directory);
      say(await attempt(() => files.writeGenerated(texts('newer'))));
      say(generated());
    `),
  ).toEqual([
    expect.stringMatching(/cannot write .*EROFS.*; mount it writable; the file there stays as it was$/),
    expect.stringMatching(/EROFS.*mount it writable/),
    expect.stringMatching(/EROFS.*mount it writable; nothing is drained$/),
    'done',
    '3 5 | streams.conf upstreams.conf',
    'done',
    '5 7',
  ]);
});

test('another volume is mounted over it, and taken away: what is there is brought in step', () => {
  expect(
    run(`
      await files.writeGenerated(texts('old'));
      mount('-t', 'tmpfs', 'none', directory);
      say(String(await files.readGenerated()));
      say(await attempt(() => files.writeGenerated(texts('newer'))));
      say(generated());
      execFileSync('umount', [directory]);
      say(generated());
      say(await attempt(() => files.writeGenerated(texts('newer'))));
      say(generated());
    `),
  ).toEqual(['undefined', 'done', '5 7', '3 5', 'done', '5 7']);
});

test('a folder where the file should be: said, and left alone', () => {
  expect(
    run(`
      await files.writeGenerated(texts('old'));
      rmSync(files.generatedPath);
      mkdirSync(files.generatedPath);
      say(await attempt(() => files.readGenerated()));
      rmSync(files.generatedPath, { recursive: true });
      say(await attempt(() => files.writeGenerated(texts('newer'))));
      say(generated());
    `),
  ).toEqual([
    expect.stringMatching(/^AppError: cannot read .*upstreams.conf: EISDIR.*; remove the folder of that name$/),
    'done',
    '5 7',
  ]);
});

function run(script: string): readonly string[] {
  return asMounter(`${prelude(directory)}\n${script}`)
    .trimEnd()
    .split('\n');
}
