/** Makes the status page of `src/report/page/`: the texts that are served, and that the bundle carries. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'report/page');

/** What light-dark() and content-visibility need. */
const target = ['chrome123', 'firefox125', 'safari18'];

/**
 * @returns {Promise<{ html: string, script: string, style: string, icon: string }>} `PageTexts` of report/page-routes.ts
 */
export async function buildPage() {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'main.ts'), join(folder, 'page.css')],
    outdir: folder,
    write: false,
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target,
    legalComments: 'none',
  });
  /** @param {string} end */
  const read = (end) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? '';
  return {
    html: readFileSync(join(folder, 'index.html'), 'utf8'),
    script: read('.js'),
    style: read('.css'),
    icon: readFileSync(join(folder, 'icon.svg'), 'utf8'),
  };
}
