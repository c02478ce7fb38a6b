import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * What decides how a missing thing can be had here.
 * @typedef {object} Machine
 * @property {string} name for people: "Debian GNU/Linux 12 (bookworm)"
 * @property {'debian' | 'ubuntu' | 'other'} family which packages fit
 * @property {string} codename of the release, empty where there is none
 * @property {boolean} isRoot
 * @property {boolean} hasSystemd systemd runs, so that services are its business
 */

/**
 * Looks at the machine that we run on.
 * @returns {Machine}
 */
export function readMachine() {
  const release = readOsRelease();
  const ids = [release['ID'], ...(release['ID_LIKE'] ?? '').split(' ')];
  const hasApt = findOnPath('apt-get') !== undefined;
  return {
    name: release['PRETTY_NAME'] ?? process.platform,
    family: !hasApt ? 'other' : ids.includes('ubuntu') ? 'ubuntu' : ids.includes('debian') ? 'debian' : 'other',
    codename: release['UBUNTU_CODENAME'] ?? release['VERSION_CODENAME'] ?? '',
    isRoot: process.getuid?.() === 0,
    hasSystemd: existsSync('/run/systemd/system'),
  };
}

/**
 * Where a program lies: on PATH, or where daemons lie, which an ordinary user's PATH may lack.
 * @param {string} name
 * @returns {string | undefined}
 */
export function findOnPath(name) {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @returns {Record<string, string>} */
function readOsRelease() {
  try {
    const lines = readFileSync('/etc/os-release', 'utf8').split('\n');
    return Object.fromEntries(
      lines.flatMap((line) => {
        const [, key, value] = /^([A-Z_]+)="?(.*?)"?$/.exec(line) ?? [];
        return key === undefined || value === undefined ? [] : [[key, value]];
      }),
    );
  } catch {
    return {};
  }
}
