import { existsSync } from 'node:fs';
import path from 'node:path';
import { inLab } from './clone.mjs';
import { unpackPackages } from './foreign-packages.mjs';
import { findOnPath, readMachine } from './machine.mjs';
import { run, tailOf } from './run.mjs';
import { say, sayWhile, secondsSince } from './say.mjs';
import { SetupError } from './setup-error.mjs';

const step = 'prometheus';

/**
 * Finds Prometheus and its promtool on PATH, or unpacks the distribution's into `.lab/`, which changes nothing on the
 * machine. Answers the folder of both; '' where they are on PATH.
 * @returns {Promise<string>}
 */
export async function ensurePrometheus() {
  const startedMs = Date.now();
  const isInstalled = ['prometheus', 'promtool'].every((name) => findOnPath(name) !== undefined);
  const folder = inLab('prometheus');
  const binaries = isInstalled ? '' : path.join(folder, 'usr/bin');
  const isFetched = !isInstalled && !existsSync(binaries);
  if (isFetched) await fetchPrometheus(folder);
  const proof = await run(path.join(binaries, 'promtool'), ['--version']);
  if (proof.code !== 0) {
    throw new SetupError(`promtool does not run here:\n${tailOf(proof)}`, [
      'Install Prometheus, or remove .lab/prometheus to fetch it again.',
    ]);
  }
  const version = /version (\S+)/.exec(`${proof.stdout}${proof.stderr}`)?.[1] ?? '';
  say(step, `${version}${isFetched ? `, unpacked (${secondsSince(startedMs)})` : ''}`);
  return binaries;
}

/** @param {string} folder */
async function fetchPrometheus(folder) {
  const { family, codename } = readMachine();
  if (family === 'other') {
    throw new SetupError('there is no Prometheus for the tests', [
      'Install it, so that `prometheus --version` and `promtool --version` work: https://prometheus.io/download/',
    ]);
  }
  // Programs of Go, which need nothing but the C library: what the package depends on is pages for its own web server.
  await sayWhile(step, 'fetching prometheus', () =>
    unpackPackages(codename, ['prometheus'], folder, { withDependencies: false }),
  );
}
