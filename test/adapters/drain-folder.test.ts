import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { DrainFolder } from '../../src/adapters/drain-folder.ts';
import { DiskFiles } from '../../src/adapters/files.ts';
import { AppError } from '../../src/loop/ports.ts';
import { asNobody } from '../support/as-nobody.ts';
import { idOf } from '../support/container.ts';
import '../support/native-errors.ts';

const one = idOf('one');
const two = idOf('two');

let root: string;
let shared: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lbwatch-drains-'));
  shared = join(root, 'lbwatch');
  folder = join(shared, 'drained');
  mkdirSync(shared);
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test('what is written is read by the next controller, and removed once and for all', async () => {
  const store = new DrainFolder(shared);
  expect(await store.read()).toEqual({ drains: new Map(), notes: [] });
  await store.write(one, { kind: 'drained', sinceMs: 1000 });
  await store.write(two, { kind: 'withdrawn', sinceMs: 2000 });
  await store.write(two, { kind: 'drained', sinceMs: 3000 });
  expect(await new DrainFolder(`${shared}/`).read()).toEqual({
    drains: new Map([
      [one, { kind: 'drained', sinceMs: 1000 }],
      [two, { kind: 'drained', sinceMs: 3000 }],
    ]),
    notes: [],
  });
  // nginx's user looks at the folder's neighbours, and no temporary file is left.
  expect([statSync(folder).mode & 0o777, statSync(join(folder, one)).mode & 0o777]).toEqual([0o755, 0o644]);
  expect(readdirSync(folder)).toEqual([one, two].sort());

  await store.remove(one);
  await store.remove(one);
  expect([...(await store.read()).drains.keys()]).toEqual([two]);
});

test('a task of a Swarm is drained as a container is, and a write that was killed halfway is passed over', async () => {
  const store = new DrainFolder(shared);
  const task = 'qz8hk3l2m4n5w0sv8d1c6xj9e';
  await store.write(task, { kind: 'drained', sinceMs: 1000 });
  writeFileSync(join(folder, `${task}.new`), '{"ki');
  expect(await store.read()).toEqual({ drains: new Map([[task, { kind: 'drained', sinceMs: 1000 }]]), notes: [] });
});

test('an id that is none leads nowhere', async () => {
  const store = new DrainFolder(shared);
  for (const id of ['../upstreams.conf', `${one}.new`, '']) {
    await expect(store.write(id, { kind: 'drained', sinceMs: 1000 })).rejects.toThrow('nothing is drained');
  }
  expect(readdirSync(root)).toEqual(['lbwatch']);
  expect(readdirSync(shared)).toEqual([]);
  await store.write(one, { kind: 'drained', sinceMs: 1000 });
  writeFileSync(join(shared, 'upstreams.conf'), '');
  await store.remove('../upstreams.conf');
  expect(readdirSync(shared)).toContain('upstreams.conf');
});

test('what is damaged or foreign is noted, and the others count', async () => {
  const store = new DrainFolder(shared);
  await store.write(one, { kind: 'drained', sinceMs: 1000 });
  const damaged = ['', '{', '[]', '{"kind":"drained"}', '{"kind":"drained","sinceMs":-1}', `"${'x'.repeat(2000)}"`];
  for (const [index, text] of damaged.entries()) writeFileSync(join(folder, idOf(`damaged ${String(index)}`)), text);
  mkdirSync(join(folder, idOf('folder')));
  symlinkSync('/none', join(folder, idOf('dangling')));
  expect(spawnSync('mkfifo', [join(folder, idOf('pipe'))]).status).toBe(0);
  writeFileSync(join(folder, 'shop-app-1'), '{}');
  writeFileSync(join(folder, 'line\nbreak'), '');
  // A write that was killed halfway.
  writeFileSync(join(folder, `${one}.new`), '{"ki');

  const { drains, notes } = await store.read();
  expect([...drains.keys()]).toEqual([one]);
  expect(notes).toHaveLength(damaged.length + 4);
  expect(notes.find((note) => note.includes('shop-app-1'))).toBe(
    `${folder}/shop-app-1 is ignored: it is none of lbwatch's files; remove it`,
  );
  expect(notes.find((note) => note.includes(idOf('damaged 1')))).toBe(
    `${folder}/${idOf('damaged 1')} is ignored: its content is damaged; undrain the container, or drain it anew`,
  );
  expect(notes.every((note) => /^[\x20-\x7e]+$/.test(note))).toBe(true);
});

test('the folder is a file: a note when it is read, an error when it is written to', async () => {
  writeFileSync(folder, '');
  const store = new DrainFolder(shared);
  expect(await store.read()).toEqual({ drains: new Map(), notes: [expect.stringMatching(/drained is ignored/)] });
  await expect(store.write(one, { kind: 'drained', sinceMs: 1 })).rejects.toThrow(AppError);
});

test('the shared directory is missing: the error names the path, and it is not made', async () => {
  rmSync(shared, { recursive: true });
  const store = new DrainFolder(shared);
  expect(await store.read()).toEqual({ drains: new Map(), notes: [] });
  const writing = store.write(one, { kind: 'drained', sinceMs: 1 });
  await expect(writing).rejects.toThrow(`cannot write ${folder}/${one}: `);
  expect(readdirSync(root)).toEqual([]);
});

test('it is not ours to write', () => {
  for (const path of [root, shared]) chmodSync(path, 0o555);
  const said = asNobody(`
    const { DrainFolder } = await import(src + 'adapters/drain-folder.ts');
    dropRoot();
    const store = new DrainFolder(${JSON.stringify(shared)});
    await store.write('${one}', { kind: 'drained', sinceMs: 1 }).catch((error) => console.log(error.name + ': ' + error.message));
  `);
  for (const path of [root, shared]) chmodSync(path, 0o755);
  expect(said).toMatch(/^AppError: cannot write .*EACCES.*; nothing is drained\n$/);
});

test("a drain is no edit of the site's configuration", async () => {
  writeFileSync(join(root, 'nginx.conf'), '');
  const files = new DiskFiles(shared, [root]);
  const before = await files.readSite();
  await new DrainFolder(shared).write(one, { kind: 'drained', sinceMs: 1 });
  expect(await files.readSite()).toEqual(before);
  expect(files.isIgnored(join(folder, one))).toBe(true);
});
