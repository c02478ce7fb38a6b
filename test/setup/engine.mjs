import { installPackages, readCandidate } from './apt.mjs';
import { adviseEngine } from './engine-advice.mjs';
import { findOnPath, readMachine } from './machine.mjs';
import { mustRun, run } from './run.mjs';
import { say, sayOutside, sayWhile } from './say.mjs';
import { SetupError } from './setup-error.mjs';
import { startDockerd } from './start-dockerd.mjs';

const step = 'engine';

/**
 * What `docker version` says: the version of the engine, or why there is none.
 * @typedef {{ kind: 'runs', version: string } | { kind: 'none', why: string }} Engine
 */

/**
 * Makes sure that a Docker engine answers: the one that DOCKER_HOST or the Docker context names, else this machine's,
 * installed and started where that can be done. Throws a SetupError with the commands to run where it cannot.
 */
export async function ensureEngine() {
  const machine = readMachine();
  let engine = await askEngine();
  let what = 'runs';
  if (engine.kind === 'none' && canHaveOurs(machine, engine, await readForeignHost())) {
    if (findOnPath('dockerd') === undefined || findOnPath('docker') === undefined) {
      await installEngine();
      what = 'installed and started';
    } else {
      what = 'was installed, started it';
    }
    engine = await askEngine();
    if (engine.kind === 'none') engine = await startEngine(machine.hasSystemd);
  }
  if (engine.kind === 'none') throw new SetupError(`no Docker engine answers: ${engine.why}`, adviseEngine(machine));
  say(step, `Docker ${engine.version} ${what}`);
}

/**
 * Asks whether an engine answers, within seconds.
 * @returns {Promise<Engine>}
 */
export async function askEngine() {
  const result = await run('docker', ['version', '--format', '{{.Server.Version}}'], { limitMs: 10_000 });
  const version = result.stdout.trim();
  if (result.code === 0 && version !== '') return { kind: 'runs', version };
  const why = {
    124: '`docker version` got no answer within 10 s',
    127: 'there is no `docker` program',
  }[result.code];
  return {
    kind: 'none',
    why: why ?? (result.stderr.trim().split('\n').at(-1) || `\`docker version\` ended with ${result.code}`),
  };
}

/**
 * Whether an engine of this machine is what is missing, and ours to install and start.
 * @param {import('./machine.mjs').Machine} machine
 * @param {Engine & { kind: 'none' }} engine
 * @param {string | undefined} foreignHost
 */
function canHaveOurs(machine, engine, foreignHost) {
  if (foreignHost !== undefined) {
    throw new SetupError(`no Docker engine answers at ${foreignHost}: ${engine.why}`, [
      "DOCKER_HOST or the Docker context names that one. Start it, or go back to this machine's own:",
      '  unset DOCKER_HOST DOCKER_CONTEXT; docker context use default',
    ]);
  }
  return machine.family !== 'other' && machine.isRoot;
}

/** The engine that somebody chose on purpose, or undefined for the machine's own. */
async function readForeignHost() {
  if (process.env['DOCKER_HOST']) return process.env['DOCKER_HOST'];
  const { code, stdout } = await run('docker', ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']);
  const host = stdout.trim();
  return code !== 0 || host === '' || host === 'unix:///var/run/docker.sock' ? undefined : host;
}

async function installEngine() {
  const packages = ['docker.io', 'iptables'];
  // Newer Debian has the client in a package of its own.
  if (findOnPath('docker') === undefined && (await readCandidate('docker-cli')) !== undefined)
    packages.push('docker-cli');
  await installPackages(step, packages);
}

/**
 * @param {boolean} hasSystemd
 * @returns {Promise<Engine>}
 */
async function startEngine(hasSystemd) {
  if (!hasSystemd) return sayWhile(step, 'starting dockerd', () => startDockerd(askEngine));
  await mustRun('cannot start the engine', 'systemctl', ['start', 'docker'], {
    advice: ['journalctl -u docker -n 50'],
  });
  sayOutside('started the service docker');
  return askEngine();
}
