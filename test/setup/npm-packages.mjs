import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inClone } from './clone.mjs';
import { run } from './run.mjs';
import { say, sayWhile, secondsSince } from './say.mjs';
import { SetupError } from './setup-error.mjs';

const step = 'npm packages';
const leastNode = 24;

/**
 * Brings `node_modules` to what package-lock.json says, and puts the Node that it pins first on our PATH: whatever is
 * started after this step runs on that one, however old the system's is.
 */
export async function ensureNpmPackages() {
  const startedMs = Date.now();
  const isComplete = isInstalled() && (await readNodeVersion()) !== undefined;
  if (!isComplete) {
    await sayWhile(step, 'npm ci', install);
  }
  const version = await readNodeVersion();
  if (version === undefined || Number(/^v(\d+)/.exec(version)?.[1]) < leastNode) {
    throw new SetupError(`the npm package \`node\` gave no Node ${leastNode} (its install script has to run)`, [
      'rm -rf node_modules',
      'npm ci --foreground-scripts',
    ]);
  }
  process.env['PATH'] = `${path.dirname(nodeBinary())}${path.delimiter}${process.env['PATH'] ?? ''}`;
  say(
    step,
    isComplete
      ? `as package-lock.json says, Node ${version}`
      : `installed, Node ${version} (${secondsSince(startedMs)})`,
  );
}

async function install() {
  const env = { ...process.env, PATH: pathWithoutOurs() };
  const result = await run('npm', ['ci', '--no-audit', '--no-fund'], { env });
  if (result.code === 0) return;
  // npm gives its reason first and its manual last.
  const reason = result.stderr.split('\n').filter((line) => /^npm (error|ERR!) \S|ENOENT/.test(line));
  throw new SetupError(
    `cannot install the npm packages: npm ci ended with ${result.code}\n${reason.slice(0, 12).join('\n')}`,
    ['Is the npm registry in reach? See `npm ping` and `npm config get registry`.'],
  );
}

/** The Node that package-lock.json pins. */
export function nodeBinary() {
  return inClone('node_modules', 'node', 'bin', 'node');
}

/**
 * Compares with the list that npm writes last, so that an interrupted install counts as none, and one made by hand
 * counts in full. Packages for other platforms may be absent.
 */
function isInstalled() {
  const hidden = inClone('node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const have = readPackages(hidden);
  return Object.entries(readPackages(inClone('package-lock.json'))).every(
    ([place, wanted]) =>
      place === '' ||
      have[place]?.version === wanted.version ||
      (have[place] === undefined && wanted.optional === true),
  );
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

async function readNodeVersion() {
  const result = await run(nodeBinary(), ['--version']);
  return result.code === 0 ? result.stdout.trim() : undefined;
}

/** `npm ci` empties node_modules first: it must not run on a Node that lies there. */
function pathWithoutOurs() {
  return (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => !folder.startsWith(inClone('node_modules')))
    .join(path.delimiter);
}
