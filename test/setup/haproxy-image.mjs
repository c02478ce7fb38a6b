import { buildDebianImage, ensureImageBuilder } from './debian-image.mjs';
import { readMachine } from './machine.mjs';
import { hasImage, pullMissing } from './registry.mjs';
import { mustRun } from './run.mjs';
import { say, sayWhile, secondsSince } from './say.mjs';

const step = 'haproxy image';
const official = 'haproxy:lts';
const tag = 'lbwatch-haproxy:lts';

/** Makes sure that the engine has the socket proxy of the tests, {@link tag}: the official image, or Debian's package. */
export async function ensureHaproxyImage() {
  const startedMs = Date.now();
  const isThere = await hasImage(tag);
  if (!isThere) await provide();
  say(step, `${tag}${isThere ? '' : ` (${secondsSince(startedMs)})`}`);
}

async function provide() {
  const why = await pullMissing(step, [official]);
  if (why === undefined) {
    await mustRun('cannot tag', 'docker', ['tag', official, tag]);
    return;
  }
  await ensureImageBuilder(step, why);
  const { family, codename } = readMachine();
  const suite = family === 'ubuntu' ? codename : 'trixie';
  await sayWhile(step, `building ${tag} from packages`, () =>
    buildDebianImage({ tag, suite, packages: ['haproxy'], proof: 'haproxy -v' }),
  );
}
