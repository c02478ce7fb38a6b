import { installPackages } from './apt.mjs';
import { findOnPath, readMachine } from './machine.mjs';
import { say } from './say.mjs';

const step = 'shells';
const wanted = ['zsh', 'fish'];

/**
 * Finds the shells that completion is tested in beside bash, or installs them where root may. Where they cannot be had,
 * their tests are left out and counted as skipped.
 */
export async function ensureShells() {
  const isMissing = (/** @type {string} */ name) => findOnPath(name) === undefined;
  const { family, isRoot } = readMachine();
  const missing = wanted.filter(isMissing);
  if (missing.length > 0 && family === 'debian' && isRoot) await installPackages(step, missing);
  const left = wanted.filter(isMissing);
  if (left.length === 0) say(step, `bash, ${wanted.join(', ')}`);
  else say(step, `no ${left.join(', no ')}: completion there is not tested; install ${left.join(' and ')} to test it`);
}
