import { buildDebianImage, ensureImageBuilder } from './debian-image.mjs';
import { readMachine } from './machine.mjs';
import { hasImage, pullMissing } from './registry.mjs';
import { mustRun } from './run.mjs';
import { say, sayWhile, secondsSince } from './say.mjs';

const step = 'caddy image';
const official = 'caddy:2';
const tag = 'lbwatch-caddy:2';

/** Makes sure that the engine has Caddy, for the benchmark, {@link tag}: the official image, or Debian's package. */
export async function ensureCaddyImage() {
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
    buildDebianImage({ tag, suite, packages: ['caddy', 'ca-certificates'], proof: 'caddy version' }),
  );
}
