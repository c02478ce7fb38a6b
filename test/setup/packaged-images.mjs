import { buildDebianImage, ensureImageBuilder } from './debian-image.mjs';
import { readMachine } from './machine.mjs';
import { hasImage, pullMissing } from './registry.mjs';
import { mustRun } from './run.mjs';
import { say, sayWhile, secondsSince } from './say.mjs';

/**
 * A program that has an official image, and a package of Debian's where that cannot be had.
 * @typedef {object} Packaged
 * @property {string} step
 * @property {string} official
 * @property {string} tag what ours is called
 * @property {readonly string[]} packages
 * @property {string} proof a command that shows that the program runs
 */

/** Makes sure that the engine has the socket proxy of the tests, `lbwatch-haproxy:lts`. */
export function ensureHaproxyImage() {
  return ensurePackaged({
    step: 'haproxy image',
    official: 'haproxy:lts',
    tag: 'lbwatch-haproxy:lts',
    packages: ['haproxy'],
    proof: 'haproxy -v',
  });
}

/** Makes sure that the engine has Caddy, for the benchmark, `lbwatch-caddy:2`. */
export function ensureCaddyImage() {
  return ensurePackaged({
    step: 'caddy image',
    official: 'caddy:2',
    tag: 'lbwatch-caddy:2',
    packages: ['caddy', 'ca-certificates'],
    proof: 'caddy version',
  });
}

/** @param {Packaged} packaged */
async function ensurePackaged(packaged) {
  const startedMs = Date.now();
  const isThere = await hasImage(packaged.tag);
  if (!isThere) await provide(packaged);
  say(packaged.step, `${packaged.tag}${isThere ? '' : ` (${secondsSince(startedMs)})`}`);
}

/** @param {Packaged} packaged */
async function provide({ step, official, tag, packages, proof }) {
  const why = await pullMissing(step, [official]);
  if (why === undefined) {
    await mustRun('cannot tag', 'docker', ['tag', official, tag]);
    return;
  }
  await ensureImageBuilder(step, why);
  const { family, codename } = readMachine();
  const suite = family === 'ubuntu' ? codename : 'trixie';
  await sayWhile(step, `building ${tag} from packages`, () => buildDebianImage({ tag, suite, packages, proof }));
}
