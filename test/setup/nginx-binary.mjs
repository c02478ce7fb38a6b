import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inLab } from './clone.mjs';
import { unpackPackages } from './foreign-packages.mjs';
import { findOnPath, readMachine } from './machine.mjs';
import { run, tailOf } from './run.mjs';
import { say, sayWhile, secondsSince } from './say.mjs';
import { SetupError } from './setup-error.mjs';

const step = 'nginx binary';

/**
 * A real nginx for tests without a container. `modules` is the folder of its dynamic modules, '' where it has none.
 * @typedef {{ binary: string, modules: string }} NginxBinary
 */

/**
 * Finds an nginx with the stream module on PATH, or unpacks the distribution's into `.lab/`, which changes nothing on the machine; proves that it
 * accepts a configuration.
 * @returns {Promise<NginxBinary>}
 */
export async function ensureNginxBinary() {
  const startedMs = Date.now();
  const installed = await findInstalled();
  const folder = inLab('nginx');
  const isFetched = installed === undefined && !existsSync(binaryIn(folder));
  if (isFetched) await fetchNginx(folder);
  const nginx =
    installed === undefined ? inFolder(folder) : { binary: installed, modules: await readModulesPath(installed) };
  const version = await proveNginx(nginx.binary);
  say(step, `${nginx.binary} ${version}${isFetched ? `, unpacked (${secondsSince(startedMs)})` : ''}`);
  return nginx;
}

/** Where none can be fetched, one without the stream module is better than none: most tests need no more. */
async function findInstalled() {
  const binary = findOnPath('nginx');
  if (binary === undefined || readMachine().family === 'other') return binary;
  const { stderr } = await run(binary, ['-V']);
  const isBuiltIn = /--with-stream(?=\s|$)/.test(stderr);
  return isBuiltIn || existsSync(path.join(await readModulesPath(binary), 'ngx_stream_module.so')) ? binary : undefined;
}

/** @param {string} folder */
async function fetchNginx(folder) {
  const machine = readMachine();
  if (machine.family === 'other') {
    throw new SetupError('there is no nginx for the tests', [
      process.platform === 'darwin'
        ? '  brew install nginx'
        : 'Install nginx with your package manager, so that `nginx -v` works.',
    ]);
  }
  await sayWhile(step, 'fetching nginx', () =>
    unpackPackages(machine.codename, ['nginx', 'libnginx-mod-stream'], folder, { withDependencies: true }),
  );
}

/**
 * @param {string} folder
 * @returns {NginxBinary}
 */
function inFolder(folder) {
  return { binary: binaryIn(folder), modules: path.join(folder, 'usr/lib/nginx/modules') };
}

/** @param {string} folder */
function binaryIn(folder) {
  return path.join(folder, 'usr/sbin/nginx');
}

/** @param {string} binary */
async function readModulesPath(binary) {
  const { stderr } = await run(binary, ['-V']);
  const folder = /--modules-path=(\S+)/.exec(stderr)?.[1];
  return folder !== undefined && existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.so'))
    ? folder
    : '';
}

/**
 * @param {string} binary
 * @returns {Promise<string>} its version
 */
async function proveNginx(binary) {
  const folder = mkdtempSync(path.join(tmpdir(), 'lbwatch-nginx-'));
  try {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    mkdirSync(path.join(folder, 'logs'));
    writeFileSync(
      path.join(folder, 'nginx.conf'),
      `events {}\nhttp { ${temporary.join(' ')} access_log off; }\npid ${folder}/pid;\n`,
    );
    const result = await run(binary, ['-t', '-e', 'stderr', '-p', folder, '-c', 'nginx.conf']);
    if (result.code !== 0) {
      throw new SetupError(`${binary} does not run here:\n${tailOf(result)}`, [
        'Install nginx, or remove .lab/nginx to fetch it again.',
      ]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const { stderr } = await run(binary, ['-v']);
  return stderr.trim().replace(/^.*nginx\//, '');
}
