/** Each folder of check/ is a project as somebody may have written it, and beside it what is said of it. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import '../support/native-errors.ts';
import { examine, renderReport } from '../../src/cli/check.ts';
import { root } from '../support/journey.ts';

const folder = join(import.meta.dirname, 'check');
const cases = (await readdir(folder)).sort();

async function reportOn(directory: string, asksDocker: boolean): Promise<string> {
  const { report, isByCompose } = await examine([], asksDocker, directory, {});
  expect(isByCompose).toBe(asksDocker);
  return renderReport(report);
}

describe.each(cases)('%s', (name) => {
  const directory = join(folder, name);

  test('is as expected', async () => {
    const path = join(directory, 'expected.txt');
    const report = await reportOn(directory, false);
    if (process.env['UPDATE_GOLDEN'] !== undefined) await writeFile(path, report);
    expect(report).toBe(await readFile(path, 'utf8'));
  });

  test('is the same where docker compose has read the files', async () => {
    const [ours, theirs] = [await reportOn(directory, false), await reportOn(directory, true)];
    expect(sortLines(theirs)).toEqual(sortLines(ours));
  });
});

test.each(['.', 'examples/one-container', 'examples/socket-proxy'])(
  'what is shipped in %s has no problems',
  async (path) => {
    expect(await reportOn(join(root, path), false)).toMatch(/^no problems \(nginx: nginx; lbwatch: \w+\)$/m);
  },
);

/** Compose sorts services by name, and so the order of their ages is another. */
function sortLines(report: string): readonly string[] {
  return report.split('\n').sort();
}
