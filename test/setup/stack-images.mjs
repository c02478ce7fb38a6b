import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { inClone, inLab } from './clone.mjs';
import { readDotEnv } from './dot-env.mjs';
import { readImageId } from './registry.mjs';
import { mustRun } from './run.mjs';
import { say, sayWhile, secondsSince } from './say.mjs';

const step = 'stack images';

/** The shipped stack, and what `npm run traffic` adds to it. */
const files = ['docker-compose.yaml', 'test/traffic/docker-compose.override.yaml'];
/** The names that these files give them. */
const images = ['lbwatch/lbwatch', 'lbwatch/nginx', 'lbwatch/flask', 'lbwatch/who'];
/** One service for each: Compose labels an image with its service, so building one image for several never settles. */
const services = ['lbwatch', 'nginx', 'flaskservice', 'app'];
/** What their contexts consist of. */
const sources = [
  ...files,
  '.dockerignore',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'src',
  'dist',
  'nginx',
  'test/apps/flask',
  'test/apps/who',
];
const bases = ['NODE_IMAGE', 'NGINX_IMAGE', 'PYTHON_IMAGE'];

/**
 * Builds the images of the clone's stack where something that they are made of has changed, or one is missing.
 * @param {readonly [string, ...string[]]} compose
 */
export async function ensureStackImages(compose) {
  const startedMs = Date.now();
  const wanted = await digestInputs();
  if (readStamp() === (await stampOf(wanted))) {
    say(step, `${images.join(', ')}, nothing changed`);
    return;
  }
  const [command, ...words] = compose;
  await sayWhile(step, `building ${images.join(', ')}`, () =>
    mustRun('cannot build the images of the stack', command, [
      ...words,
      ...files.flatMap((file) => ['-f', inClone(file)]),
      'build',
      ...services,
    ]),
  );
  writeStamp(await stampOf(wanted));
  say(step, `built ${images.join(', ')} (${secondsSince(startedMs)})`);
}

/** Files, and the bases by their ids: a base that was pulled or built anew counts as a change. */
async function digestInputs() {
  const hash = createHash('sha256');
  for (const source of sources) addFiles(hash, source);
  const env = { ...readDotEnv(), ...process.env };
  for (const name of bases) {
    const image = env[name] ?? '';
    hash.update(`${name}=${image} ${(await readImageId(image)) ?? ''}\n`);
  }
  return hash.digest('hex');
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {string} place
 */
function addFiles(hash, place) {
  const file = inClone(place);
  if (!existsSync(file)) return;
  if (statSync(file).isDirectory()) {
    for (const name of readdirSync(file).sort()) if (name !== '__pycache__') addFiles(hash, `${place}/${name}`);
  } else {
    hash.update(`${place}\n`).update(readFileSync(file));
  }
}

/**
 * What was built from what. Images that somebody else built or removed since make it differ.
 * @param {string} inputs
 */
async function stampOf(inputs) {
  const ids = [];
  for (const image of images) ids.push(`${image} ${(await readImageId(image)) ?? 'missing'}`);
  return `${[inputs, ...ids].join('\n')}\n`;
}

function readStamp() {
  const file = inLab('stack-images');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** @param {string} stamp */
function writeStamp(stamp) {
  writeFileSync(inLab('stack-images.partial'), stamp);
  renameSync(inLab('stack-images.partial'), inLab('stack-images'));
}
