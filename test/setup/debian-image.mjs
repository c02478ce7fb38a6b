import { rmSync } from 'node:fs';
import { installPackages } from './apt.mjs';
import { inLab } from './clone.mjs';
import { readMirror } from './foreign-packages.mjs';
import { findOnPath, readMachine } from './machine.mjs';
import { mustRun, run } from './run.mjs';
import { SetupError } from './setup-error.mjs';

/**
 * An image made of a distribution's packages alone.
 * @typedef {object} DebianImage
 * @property {string} tag
 * @property {string} suite
 * @property {readonly string[]} packages
 * @property {string} proof shell commands that succeed in a whole image
 * @property {readonly string[]} [hooks] further arguments of mmdebstrap
 */

/**
 * Makes sure that images can be built without a registry here; throws a SetupError that says what to do where not.
 * @param {string} step
 * @param {string} why no registry is used
 */
export async function ensureImageBuilder(step, why) {
  const machine = readMachine();
  const can = machine.family !== 'other' && machine.isRoot;
  if (!can) {
    throw new SetupError(`the images' bases cannot be pulled: ${why}`, [
      'Let the engine reach a registry, or name images that it has: NODE_IMAGE, NGINX_IMAGE, PYTHON_IMAGE.',
      "As root on Debian or Ubuntu, they are built from the distribution's packages instead.",
    ]);
  }
  if (findOnPath('mmdebstrap') === undefined) await installPackages(step, ['mmdebstrap']);
}

/**
 * Builds such an image. Its tag appears only once the image is complete and proven.
 * @param {DebianImage} image
 */
export async function buildDebianImage(image) {
  const archive = inLab(`${image.tag.replaceAll(/[:/]/g, '-')}-${process.pid}.tar`);
  const trial = `${image.tag}-trial-${process.pid}`;
  try {
    const bootstrap = [
      '--quiet',
      '--variant=minbase',
      `--include=${image.packages.join(',')}`,
      '--aptopt=Acquire::Languages "none"',
      '--dpkgopt=path-exclude=/usr/share/man/*',
      '--dpkgopt=path-exclude=/usr/share/doc/*',
      '--dpkgopt=path-exclude=/usr/share/locale/*',
      ...(await readAptSettings()),
      ...(image.hooks ?? []),
    ];
    const { uri, components } = readMirror();
    await mustRun(`cannot build ${image.tag}`, 'mmdebstrap', [
      ...bootstrap,
      `--components=${components.split(' ').join(',')}`,
      image.suite,
      archive,
      uri,
    ]);
    await mustRun(`cannot import ${image.tag}`, 'docker', ['import', archive, trial]);
    await mustRun(`${image.tag} is not whole`, 'docker', [
      'run',
      '--rm',
      '--network',
      'none',
      trial,
      'sh',
      '-ec',
      image.proof,
    ]);
    await mustRun(`cannot tag ${image.tag}`, 'docker', ['tag', trial, image.tag]);
  } finally {
    rmSync(archive, { force: true });
    await run('docker', ['rmi', trial]);
  }
}

/** mmdebstrap has an apt of its own, which does not know how this machine's reaches its mirror. */
async function readAptSettings() {
  const { stdout } = await run('apt-config', ['dump', '--format', '%F "%v";%n', 'Acquire']);
  const wanted = /^Acquire::(?:https?::Proxy|Check-Valid-Until|Check-Date|Retries) "[^"]+";$/;
  return stdout
    .split('\n')
    .filter((line) => wanted.test(line))
    .map((line) => `--aptopt=${line}`);
}
