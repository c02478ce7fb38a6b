import { execa } from 'execa';

import type { PageTexts } from '../../src/report/page-routes.ts';
import { root } from './journey.ts';

let built: Promise<PageTexts> | undefined;

/** The page as the bundle would carry it, made of the present sources. In a process of its own: esbuild and Jest's realms do not mix. */
export function buildPage(): Promise<PageTexts> {
  built ??= execa(
    'node',
    [
      '-e',
      "import('./src/build-page.mjs').then(async (m) => process.stdout.write(JSON.stringify(await m.buildPage())))",
    ],
    { cwd: root },
  ).then(({ stdout }) => {
    const parse: (json: string) => PageTexts = JSON.parse;
    return parse(stdout);
  });
  return built;
}
