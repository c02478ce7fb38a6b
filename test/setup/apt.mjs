import { sayOutside, sayWhile } from './say.mjs';
import { mustRun, run } from './run.mjs';

const aptEnv = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
const lockLimitSeconds = 120;

/**
 * Installs packages of the distribution on this machine, and says so. Needs root.
 * @param {string} step
 * @param {readonly string[]} packages
 */
export async function installPackages(step, packages) {
  const args = [
    '-y',
    '-q',
    '-o',
    `DPkg::Lock::Timeout=${lockLimitSeconds}`,
    '--no-install-recommends',
    'install',
    ...packages,
  ];
  await sayWhile(step, `installing ${packages.join(', ')} with apt-get`, async () => {
    const first = await run('apt-get', args, { env: aptEnv });
    if (first.code === 0) return;
    // The package lists are missing or old. Sources of others may be out of reach: what counts is the second try.
    await run('apt-get', ['-q', '-o', `DPkg::Lock::Timeout=${lockLimitSeconds}`, 'update'], { env: aptEnv });
    await mustRun(`${step}: cannot install ${packages.join(', ')}`, 'apt-get', args, { env: aptEnv });
  });
  sayOutside(`installed ${packages.join(', ')} with apt-get`);
}

/**
 * The version that apt-get would install here, or undefined.
 * @param {string} name
 */
export async function readCandidate(name) {
  const result = await run('apt-cache', ['policy', name]);
  const version = /Candidate: (\S+)/.exec(result.stdout)?.[1];
  return version === '(none)' ? undefined : version;
}
