import { buildDebianImage, ensureImageBuilder } from './debian-image.mjs';
import { readDotEnv, writeDotEnv } from './dot-env.mjs';
import { readMachine } from './machine.mjs';
import { nodeBinary } from './npm-packages.mjs';
import { hasImage, pullMissing } from './registry.mjs';
import { say, sayWhile, secondsSince } from './say.mjs';

const step = 'image bases';

/** @type {Readonly<Record<string, string>>} */
const official = { NODE_IMAGE: 'node:24-slim', NGINX_IMAGE: 'nginx:stable', PYTHON_IMAGE: 'python:3-slim' };

const proof =
  'node -e "if (Number(process.versions.node.split(\'.\')[0]) < 24) process.exit(1)"; nginx -v; python3 -c "import flask, gunicorn"';
const appPackages = ['nginx', 'libnginx-mod-stream', 'python3-flask', 'gunicorn', 'curl', 'ca-certificates', 'procps'];

/**
 * Decides what the stack's images are built from, and writes it into `.env`, so that plain `docker compose` goes by it
 * too: the official images where the engine has them or can pull them, else one image of Debian packages. Variables set
 * by the user, in the environment or in `.env`, stay his.
 */
export async function ensureImageBases() {
  const dotEnv = readDotEnv();
  const open = Object.keys(official).filter((name) => !isUsers(name, dotEnv[name]));
  const recorded = open.flatMap((name) => dotEnv[name] ?? []);
  if (recorded.length === open.length && (await hasImages(recorded))) {
    say(step, `${describe(recorded)} (as .env says)`);
    return;
  }
  const startedMs = Date.now();
  const why = await pullMissing(
    step,
    open.map((name) => official[name] ?? ''),
  );
  const base = why === undefined ? undefined : await buildBase(why);
  const chosen = Object.fromEntries(open.map((name) => [name, base ?? official[name] ?? '']));
  writeDotEnv(chosen);
  const reason = why === undefined ? '' : `, built from packages: ${why}`;
  say(step, `${describe(Object.values(chosen))}, written to .env${reason} (${secondsSince(startedMs)})`);
}

/**
 * @param {string} name
 * @param {string | undefined} recorded
 */
function isUsers(name, recorded) {
  if (process.env[name]) return true;
  return recorded !== undefined && recorded !== official[name] && !recorded.startsWith('lbwatch-base:');
}

/** @param {readonly string[]} images */
async function hasImages(images) {
  for (const image of new Set(images)) if (!(await hasImage(image))) return false;
  return true;
}

/** @param {readonly string[]} images */
function describe(images) {
  return images.length === 0 ? 'all three set by you' : [...new Set(images)].join(', ');
}

/**
 * @param {string} why
 * @returns {Promise<string>} the tag of the first recipe that works
 */
async function buildBase(why) {
  await ensureImageBuilder(step, why);
  /** @type {unknown} */
  let failure;
  for (const recipe of recipes()) {
    try {
      if (!(await hasImage(recipe.tag)))
        await sayWhile(step, `building ${recipe.tag} from packages`, () => buildDebianImage(recipe));
      return recipe.tag;
    } catch (error) {
      failure = error;
      say(step, `${recipe.tag} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw failure;
}

/** @returns {readonly import('./debian-image.mjs').DebianImage[]} */
function recipes() {
  const machine = readMachine();
  const older = machine.family === 'ubuntu' ? machine.codename : 'trixie';
  const withOurNode = {
    tag: `lbwatch-base:${older}`,
    suite: older,
    packages: [...appPackages, 'libstdc++6', 'libatomic1'],
    proof,
    hooks: [
      `--customize-hook=upload "${nodeBinary()}" /usr/local/bin/node`,
      '--customize-hook=chmod 0755 "$1/usr/local/bin/node"',
    ],
  };
  if (machine.family === 'ubuntu') return [withOurNode];
  return [{ tag: 'lbwatch-base:forky', suite: 'forky', packages: ['nodejs', ...appPackages], proof }, withOurNode];
}
