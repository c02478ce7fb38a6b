import { existsSync } from 'node:fs';
import path from 'node:path';
import { installPackages } from './apt.mjs';
import { inLab } from './clone.mjs';
import { unpackPackages } from './foreign-packages.mjs';
import { findOnPath, readMachine } from './machine.mjs';
import { run, tailOf } from './run.mjs';
import { say, sayWhile, secondsSince } from './say.mjs';
import { SetupError } from './setup-error.mjs';

const step = 'nginx parser';
const packages = ['python3-certbot-nginx', 'python3-pyparsing'];

/**
 * Finds certbot's nginx parser, a witness of what we write that shares nothing with us, or unpacks the distribution's into
 * `.lab/`. Answers the folder for PYTHONPATH; '' where Python finds it by itself.
 * @returns {Promise<string>}
 */
export async function ensureNginxParser() {
  const startedMs = Date.now();
  const machine = readMachine();
  if (findOnPath('python3') === undefined && machine.family !== 'other') await installPackages(step, ['python3']);
  if ((await tryParser('')) === undefined) {
    say(step, "certbot's, installed");
    return '';
  }
  if (machine.family === 'other') {
    throw new SetupError('there is no nginx parser for the tests', [
      'Install Python 3, and for it: pip install certbot-nginx',
    ]);
  }
  const folder = inLab('nginx-parser');
  const isFetched = !existsSync(folder);
  if (isFetched) {
    await sayWhile(step, `fetching ${packages.join(', ')}`, () =>
      unpackPackages(machine.codename, packages, folder, { withDependencies: false }),
    );
  }
  const pythonPath = path.join(folder, 'usr/lib/python3/dist-packages');
  const failure = await tryParser(pythonPath);
  if (failure !== undefined) {
    throw new SetupError(`the nginx parser of ${packages.join(', ')} does not run here:\n${failure}`, [
      `Remove ${folder} to fetch it again, or: pip install certbot-nginx`,
    ]);
  }
  say(step, `certbot's, of ${machine.codename}${isFetched ? ` (${secondsSince(startedMs)})` : ''}`);
  return pythonPath;
}

/**
 * @param {string} pythonPath
 * @returns {Promise<string | undefined>} why it does not run
 */
async function tryParser(pythonPath) {
  const env = pythonPath === '' ? process.env : { ...process.env, PYTHONPATH: pythonPath };
  const program = 'from certbot_nginx._internal import nginxparser; print(nginxparser.loads("a b;"))';
  const result = await run('python3', ['-c', program], { env });
  return result.code === 0 ? undefined : tailOf(result);
}
