/**
 * Bundles the controller into `dist/`: `lbwatch.js`, and beside it the parts that it loads when they are needed, and the
 * status page. Notes which sources they were made of. With `--check` it only says, by its exit code and without any package,
 * whether that is up to date.
 */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const bundle = join(dist, 'lbwatch.js');
const stamp = `${bundle}.sources`;

/** A digest of everything the bundle is made of. */
function digestSources() {
  const hash = createHash('sha256');
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|mjs|html|css|svg)$/.test(name))
    .map((name) => join('src', name))
    .sort();
  for (const path of ['package.json', 'package-lock.json', 'tsconfig.json', ...sources]) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

const digest = digestSources();
const isCurrent = existsSync(bundle) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest;
if (process.argv.includes('--check')) process.exit(isCurrent ? 0 : 1);

if (!isCurrent) {
  const { build } = await import('esbuild');
  const { leaveOut } = await import('./left-out.mjs');
  const { buildPage } = await import('./build-page.mjs');
  const { metafile } = await build({
    entryPoints: { lbwatch: join(root, 'src/start.ts') },
    outdir: dist,
    bundle: true,
    // A part for each dynamic import, and one for what several of them share.
    splitting: true,
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    plugins: [leaveOut],
    define: { lbwatchPage: JSON.stringify('./page.json') },
    banner: {
      js: [
        "import { createRequire as __createRequire } from 'node:module';",
        "import { fileURLToPath as __toPath } from 'node:url';",
        "import { dirname as __toDirectory } from 'node:path';",
        'const require = __createRequire(import.meta.url);',
        'const __filename = __toPath(import.meta.url);',
        'const __dirname = __toDirectory(__filename);',
      ].join('\n'),
    },
  });
  chmodSync(bundle, 0o755);
  const made = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
  for (const name of readdirSync(dist)) if (name.endsWith('.js') && !made.has(name)) rmSync(join(dist, name));
  writeFileSync(join(dist, 'page.json'), JSON.stringify(await buildPage()));
  // Told what they are, Node.js need not try and read each of them twice.
  writeFileSync(join(dist, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(stamp, digest);
}
