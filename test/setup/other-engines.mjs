import { existsSync } from 'node:fs';
import path from 'node:path';
import { installPackages } from './apt.mjs';
import { inLab } from './clone.mjs';
import { unpackPackages } from './foreign-packages.mjs';
import { findOnPath, readMachine } from './machine.mjs';
import { run } from './run.mjs';
import { say, sayWhile } from './say.mjs';
import { SetupError } from './setup-error.mjs';

const step = 'other engines';

/**
 * Engines that the tests run beside this machine's own: the folder of unpacked packages, `here` where this machine's own
 * is of that kind, '' where there is none to be had.
 * @typedef {{ older: string, newer: string, podman: string }} OtherEngines
 *
 * @typedef {object} Wanted
 * @property {string} name for people
 * @property {string} suite
 * @property {readonly string[]} packages
 * @property {boolean} withDependencies
 * @property {string} program by which the folder is known to be what is wanted
 */

/**
 * Fetches what the journeys of other engines start. They run in namespaces of their own, which needs root, and are
 * Debian's packages; elsewhere their tests are skipped, and counted as such.
 * @returns {Promise<OtherEngines>}
 */
export async function ensureOtherEngines() {
  const machine = readMachine();
  const isHere = (await run('docker', ['version', '--format', '{{.Server.APIVersion}}'])).stdout.trim() === '1.41';
  if (!machine.isRoot || machine.family !== 'debian') {
    say(step, `${machine.isRoot ? 'only on Debian' : 'only as root'}: their tests are skipped`);
    return { older: isHere ? 'here' : '', newer: '', podman: '' };
  }
  if (findOnPath('ip') === undefined) await installPackages(step, ['iproute2']);
  return {
    older: isHere
      ? 'here'
      : await fetchEngine({
          name: 'Docker 20.10',
          suite: 'bookworm',
          packages: ['docker.io', 'containerd', 'runc'],
          withDependencies: false,
          program: 'usr/sbin/dockerd',
        }),
    newer: await fetchEngine({
      name: 'Docker 28',
      suite: 'forky',
      packages: ['docker.io', 'containerd'],
      withDependencies: false,
      program: 'usr/sbin/dockerd',
    }),
    podman: await fetchEngine({
      name: 'Podman',
      suite: machine.codename,
      packages: ['podman', 'netavark', 'aardvark-dns', 'runc', 'iptables'],
      withDependencies: true,
      program: 'usr/bin/podman',
    }),
  };
}

/**
 * @param {Wanted} wanted
 * @returns {Promise<string>} its folder, '' where it cannot be fetched
 */
async function fetchEngine({ name, suite, packages, withDependencies, program }) {
  const folder = inLab(`${packages[0] ?? ''}-${suite}`);
  try {
    if (!existsSync(path.join(folder, program)))
      await sayWhile(step, `fetching ${name}`, () => unpackPackages(suite, packages, folder, { withDependencies }));
    say(step, `${name} of ${suite}`);
    return folder;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(step, `${name} is not to be had here, its tests are skipped: ${error.message.split('\n')[0] ?? ''}`);
    return '';
  }
}
