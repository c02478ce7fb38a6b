import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { installPackages, readCandidate } from './apt.mjs';
import { inLab } from './clone.mjs';
import { unpackPackages } from './foreign-packages.mjs';
import { readMachine } from './machine.mjs';
import { run } from './run.mjs';
import { say, sayOutside, sayWhile } from './say.mjs';
import { SetupError } from './setup-error.mjs';

const step = 'compose';
const pluginInPackage = 'usr/libexec/docker/cli-plugins/docker-compose';

/**
 * Makes sure that Compose works: `docker compose` (v2), else `docker-compose` (1.29), else v2 from Debian's or Ubuntu's
 * packages as a plugin of the user's own. Returns the words of the command.
 * @returns {Promise<readonly [string, ...string[]]>}
 */
export async function ensureCompose() {
  const present = await readV2Version();
  if (present !== undefined) {
    say(step, `docker compose ${present}`);
    return ['docker', 'compose'];
  }
  const v1 = await readVersion('docker-compose');
  if (v1 !== undefined) {
    say(step, `docker-compose ${v1} (there is no \`docker compose\`)`);
    return ['docker-compose'];
  }
  const version = await sayWhile(step, 'fetching the Compose plugin', fetchPlugin);
  say(step, `docker compose ${version}`);
  return ['docker', 'compose'];
}

/**
 * The path of a Compose v1 for the tests, or '' where it cannot be had cheaply. On Debian 12 it is a package.
 * @returns {Promise<string>}
 */
export async function ensureComposeV1() {
  const machine = readMachine();
  if ((await readVersion('docker-compose'))?.startsWith('1.') === true) return sayV1('docker-compose');
  const candidate = machine.family === 'other' ? undefined : await readCandidate('docker-compose');
  if (!machine.isRoot || candidate?.startsWith('1.') !== true) {
    say('compose v1', 'not to be had here: its tests are skipped');
    return '';
  }
  await installPackages('compose v1', ['docker-compose']);
  return sayV1('docker-compose');
}

/** @param {string} command */
async function sayV1(command) {
  const { stdout } = await run('sh', ['-c', `command -v ${command}`]);
  say('compose v1', `${stdout.trim()} ${(await readVersion(command)) ?? ''}`);
  return stdout.trim();
}

async function readV2Version() {
  const result = await run('docker', ['compose', 'version', '--short'], { limitMs: 10_000 });
  return result.code === 0 ? result.stdout.trim() : undefined;
}

/** @param {string} command */
async function readVersion(command) {
  const result = await run(command, ['version', '--short'], { limitMs: 10_000 });
  return result.code === 0 ? result.stdout.trim() : undefined;
}

/** @returns {Promise<string>} the version that works now */
async function fetchPlugin() {
  const machine = readMachine();
  /** @type {readonly (readonly [suite: string, name: string])[]} */
  const sources =
    machine.family === 'debian'
      ? [
          ['forky', 'docker-compose'],
          ['trixie', 'docker-compose'],
        ]
      : machine.family === 'ubuntu'
        ? [[machine.codename, 'docker-compose-v2']]
        : [];
  /** @type {string[]} */
  const failures = [];
  for (const [suite, name] of sources) {
    const folder = inLab(`compose-${suite}`);
    try {
      if (!existsSync(path.join(folder, pluginInPackage)))
        await unpackPackages(suite, [name], folder, { withDependencies: false });
      return await installPlugin(path.join(folder, pluginInPackage));
    } catch (error) {
      failures.push(`  ${suite}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new SetupError(['there is no Docker Compose', ...failures].join('\n'), [
    'Install Compose v2: https://docs.docker.com/compose/install/linux/',
  ]);
}

/** @param {string} binary */
async function installPlugin(binary) {
  // It has to talk to this engine, not merely to start.
  const trial = await run(binary, ['ls'], { limitMs: 10_000 });
  if (trial.code !== 0) throw new SetupError(`${binary} does not work with this engine: ${trial.stderr.trim()}`);
  const folder = path.join(process.env['DOCKER_CONFIG'] ?? path.join(homedir(), '.docker'), 'cli-plugins');
  const plugin = path.join(folder, 'docker-compose');
  mkdirSync(folder, { recursive: true });
  copyFileSync(binary, `${plugin}.partial`);
  chmodSync(`${plugin}.partial`, 0o755);
  rmSync(plugin, { force: true });
  renameSync(`${plugin}.partial`, plugin);
  sayOutside(`copied the Compose plugin to ${plugin}, so that \`docker compose\` works`);
  const version = await readV2Version();
  if (version === undefined) throw new SetupError(`docker does not take the plugin ${plugin}`);
  return version;
}
