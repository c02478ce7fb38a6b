import { run } from './run.mjs';
import { sayWhile } from './say.mjs';

const answerLimitMs = 8_000;
const pullLimitMs = 180_000;

/**
 * Whether the engine has the image.
 * @param {string} image
 */
export async function hasImage(image) {
  return (await readImageId(image)) !== undefined;
}

/**
 * The id of an image that the engine has.
 * @param {string} image
 * @returns {Promise<string | undefined>}
 */
export async function readImageId(image) {
  const result = await run('docker', ['image', 'inspect', '--format', '{{.Id}}', image]);
  return result.code === 0 ? result.stdout.trim() : undefined;
}

/**
 * Sees to it that the engine has all these images, pulling what it lacks. A registry that does not answer within some
 * seconds counts as none.
 * @param {string} step
 * @param {readonly string[]} images
 * @returns {Promise<string | undefined>} why it could not be done
 */
export async function pullMissing(step, images) {
  for (const image of images) {
    if (await hasImage(image)) continue;
    const why = await sayWhile(step, `pulling ${image}`, () => pull(image));
    if (why !== undefined) return why;
  }
  return undefined;
}

/**
 * @param {string} image
 * @returns {Promise<string | undefined>}
 */
async function pull(image) {
  let hasAnswered = false;
  const listen = (/** @type {string} */ text) => {
    if (text.includes('Pulling from')) hasAnswered = true;
  };
  const pulling = run('docker', ['pull', image], { limitMs: pullLimitMs, onOutput: listen });
  const isSilent = await Promise.race([pulling.then(() => false), wait(answerLimitMs).then(() => !hasAnswered)]);
  // Left alone, the client ends by itself: nothing waits for it.
  if (isSilent) return `no registry answered within ${answerLimitMs / 1_000} s`;
  const { code, stderr } = await pulling;
  if (code === 0) return undefined;
  return code === 124
    ? `pulling ${image} took longer than ${pullLimitMs / 1_000} s`
    : (stderr.trim().split('\n').at(-1) ?? '').replace(/^Error response from daemon: /, '');
}

/** @param {number} ms */
function wait(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
