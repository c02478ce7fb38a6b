import { inClone } from './clone.mjs';
import { readDotEnv } from './dot-env.mjs';
import { mustRun } from './run.mjs';
import { say, sayWhile } from './say.mjs';

const step = 'one container';
const tag = 'lbwatch/one-container';

/** Builds the image of examples/one-container, from those of the stack. The engine's own cache knows what has changed. */
export async function ensureOneContainerImage() {
  const nodeImage = process.env['NODE_IMAGE'] || readDotEnv()['NODE_IMAGE'];
  const bases = nodeImage === undefined ? [] : ['--build-arg', `NODE_IMAGE=${nodeImage}`];
  await sayWhile(step, `building ${tag}`, () =>
    mustRun(`cannot build ${tag}`, 'docker', [
      'build',
      '-q',
      '-t',
      tag,
      ...bases,
      inClone('examples', 'one-container'),
    ]),
  );
  say(step, tag);
}
