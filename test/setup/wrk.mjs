import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { inLab } from './clone.mjs';
import { unpackPackages } from './foreign-packages.mjs';
import { findOnPath, readMachine } from './machine.mjs';
import { say, sayWhile } from './say.mjs';

const step = 'wrk';

/**
 * Finds wrk, the load generator, on PATH, or unpacks the distribution's into `.lab/`, which changes nothing on the machine.
 * `libraries` is the folder of what it links to, '' where the machine has it. Undefined where there is none to be had: the
 * benchmark then leaves out what needs it.
 * @returns {Promise<{ binary: string, libraries: string } | undefined>}
 */
export async function ensureWrk() {
  const installed = findOnPath('wrk');
  if (installed !== undefined) return { binary: installed, libraries: '' };
  const { family, codename } = readMachine();
  if (family === 'other') {
    say(step, 'not on PATH: the data path is not measured');
    return undefined;
  }
  const folder = inLab('wrk');
  const binary = path.join(folder, 'usr/bin/wrk');
  if (!existsSync(binary)) {
    await sayWhile(step, 'fetching wrk', () => unpackPackages(codename, ['wrk'], folder, { withDependencies: true }));
  }
  say(step, binary);
  const places = readdirSync(path.join(folder, 'usr/lib')).filter((name) => name.endsWith('-linux-gnu'));
  return { binary, libraries: places.map((name) => path.join(folder, 'usr/lib', name)).join(':') };
}
