import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { SeenFile } from '../../src/adapters/seen-file.ts';
import { eventually } from '../support/eventually.ts';
import '../support/native-errors.ts';

const large = 'x'.repeat(1_000_000);

let root: string;
let nowMs: number;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lbwatch-seen-'));
  nowMs = 0;
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('a file that nobody touches', () => {
  test('is read again once, when a moment has passed since it was written, and then no more for a minute', async () => {
    const file = open();
    await file.write(large);
    expect(await bytesOf(() => file.read())).toBeGreaterThan(large.length);
    nowMs = 100;
    expect(await bytesOf(() => file.read())).toBeGreaterThan(large.length);
    for (nowMs of [101, 30_000, 60_000]) expect(await bytesOf(() => file.read())).toBeLessThan(large.length / 10);
    nowMs = 60_100;
    expect(await bytesOf(() => file.read())).toBeGreaterThan(large.length);
    expect(await file.read()).toBe(large);
  });

  test('is the same for one that was there before', async () => {
    writeFileSync(join(root, 'file'), large);
    const file = open();
    for (nowMs of [0, 50]) expect(await bytesOf(() => file.read())).toBeGreaterThan(large.length);
    nowMs = 51;
    expect(await bytesOf(() => file.read())).toBeLessThan(large.length / 10);
    expect(await file.read()).toBe(large);
  });
});

describe('what somebody else does is seen by the next look', () => {
  test.each<readonly [string, (path: string) => void]>([
    [
      'an edit of the same length',
      (path) => {
        writeFileSync(path, 'two');
      },
    ],
    [
      'one that puts the time of the last change back',
      (path) => {
        const { atime, mtime } = statSync(path);
        writeFileSync(path, 'two');
        utimesSync(path, atime, mtime);
      },
    ],
    [
      'another file in its place, older than it',
      (path) => {
        writeFileSync(`${path}.other`, 'two');
        utimesSync(`${path}.other`, 1, 1);
        renameSync(`${path}.other`, path);
      },
    ],
  ])('%s', async (_, act) => {
    const file = await settled('one');
    await laterThan(file.path);
    act(file.path);
    expect(await file.read()).toBe('two');
  });

  test('its end, and its return', async () => {
    const file = await settled('one');
    rmSync(file.path);
    expect(await file.read()).toBeUndefined();
    writeFileSync(file.path, 'two');
    expect(await file.read()).toBe('two');
  });

  test('an edit that came within the same tick as our own write, and left the same signs', async () => {
    const file = open();
    await file.write('one');
    const { atime, mtime } = statSync(file.path);
    writeFileSync(file.path, 'two');
    utimesSync(file.path, atime, mtime);
    expect(await file.read()).toBe('two');
  });
});

test('a write that fails leaves nothing known that is not so', async () => {
  const file = await settled('one');
  rmSync(root, { recursive: true });
  await expect(file.write('two')).rejects.toThrow('ENOENT');
  expect(await file.read()).toBeUndefined();
});

function open(): SeenFile {
  return new SeenFile(join(root, 'file'), () => nowMs);
}

/** A file that is not read again unless there is reason to. */
async function settled(text: string): Promise<SeenFile> {
  const file = open();
  await file.write(text);
  nowMs += 50;
  await file.read();
  return file;
}

/** Resolves when the kernel's clock for files has moved on since a file was changed. */
async function laterThan(path: string): Promise<void> {
  const attempt = (): void => {
    writeFileSync(`${path}.probe`, '');
    const [before, now] = [path, `${path}.probe`].map((one) => statSync(one, { bigint: true }).ctimeNs);
    if (before === undefined || now === undefined || now <= before) throw new Error('it does not yet');
  };
  await eventually('a later change bears a later time', attempt, { withinMs: 2000, everyMs: 2 });
}

/** How many bytes this process reads meanwhile (`/proc/PID/io`, proc(5)). */
async function bytesOf(act: () => Promise<unknown>): Promise<number> {
  const before = readBytes();
  await act();
  return readBytes() - before;
}

function readBytes(): number {
  return Number(/^rchar: ([0-9]+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? 'NaN');
}
