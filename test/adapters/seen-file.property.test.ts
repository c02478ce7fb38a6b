import { mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { SeenFile } from '../../src/adapters/seen-file.ts';
import '../support/native-errors.ts';

/** Of one length, so that the length tells nothing; and one of another. */
const anyText = fc.constantFrom('one', 'two', 'six', 'seven');

/** What becomes of the file, by our own hand or somebody else's, and how much time passes before the next. */
const anyStep = fc.record({
  act: fc.oneof(
    fc.record({ kind: fc.constantFrom('write', 'edit', 'edit, always of the same time', 'replace'), text: anyText }),
    fc.record({ kind: fc.constantFrom('remove', 'look', 'look'), text: fc.constant('') }),
  ),
  // More and less than a tick of the kernel's clock, and than what such a file is given to settle.
  waitMs: fc.constantFrom(0, 2, 12, 45, 45),
});

test('whatever happens to a file, and however quickly, what is read is what it holds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 2, maxLength: 15 }), async (steps) => {
      const root = mkdtempSync(join(tmpdir(), 'lbwatch-seen-'));
      try {
        const file = new SeenFile(join(root, 'file'));
        for (const { act, waitMs } of steps) {
          if (act.kind === 'write') await file.write(act.text);
          else change(file.path, act.kind, act.text);
          expect(await file.read()).toBe(holds(file.path));
          await pause(waitMs);
        }
      } finally {
        rmSync(root, { recursive: true });
      }
    }),
    { numRuns: 60 },
  );
});

function change(path: string, kind: string, text: string): void {
  switch (kind) {
    case 'edit':
      writeFileSync(path, text);
      break;
    case 'edit, always of the same time':
      writeFileSync(path, text);
      utimesSync(path, 1, 1);
      break;
    case 'replace':
      writeFileSync(`${path}.other`, text);
      utimesSync(`${path}.other`, 1, 1);
      renameSync(`${path}.other`, path);
      break;
    case 'remove':
      rmSync(path, { force: true });
  }
}

function holds(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
