import { spawn } from 'node:child_process';
import { openSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { inLab } from './clone.mjs';
import { findOnPath } from './machine.mjs';
import { sayOutside } from './say.mjs';
import { SetupError } from './setup-error.mjs';

const answerLimitMs = 120_000;
const enginePidFile = '/var/run/docker.pid';
const containerdPidFile = '/var/run/docker/containerd/containerd.pid';

/**
 * Starts dockerd where no service manager runs, and waits until it answers. It outlives us. What a killed one left
 * behind does not stop it: pid files that name nobody are removed, and a containerd that hangs without its dockerd is
 * ended. Throws a SetupError with the end of dockerd's log.
 * @param {() => Promise<import('./engine.mjs').Engine>} askEngine
 * @returns {Promise<import('./engine.mjs').Engine>}
 */
export async function startDockerd(askEngine) {
  removeStalePidFile(enginePidFile, 'dockerd');
  removeStalePidFile(containerdPidFile, 'containerd');
  const first = await tryDockerd(askEngine);
  if (first !== undefined) return first;
  const mute = readLivePid(enginePidFile, 'dockerd');
  if (mute !== undefined) {
    throw new SetupError(`dockerd (process ${mute}) runs, but has not answered for ${answerLimitMs / 1_000} s`, [
      'Look at its log, or end it and run this again:',
      `  kill ${mute}`,
    ]);
  }
  await endLeftContainerd();
  const second = await tryDockerd(askEngine);
  if (second !== undefined) return second;
  const log = inLab('dockerd.log');
  throw new SetupError(`dockerd does not come up; the end of ${log}:\n${readEnd(log)}`, [
    'Start it by hand to see more: dockerd --debug',
  ]);
}

/**
 * @param {() => Promise<import('./engine.mjs').Engine>} askEngine
 * @returns {Promise<import('./engine.mjs').Engine | undefined>} undefined: it ended, or does not answer
 */
async function tryDockerd(askEngine) {
  const isRunning = readLivePid(enginePidFile, 'dockerd') !== undefined;
  const child = isRunning ? undefined : spawnDockerd();
  const deadlineMs = Date.now() + answerLimitMs;
  while (Date.now() < deadlineMs) {
    const engine = await askEngine();
    if (engine.kind === 'runs') {
      if (child !== undefined) sayOutside(`started dockerd (process ${child.pid}), its log is ${inLab('dockerd.log')}`);
      return engine;
    }
    if (child !== undefined && child.exitCode !== null) return undefined;
    await sleep(200);
  }
  return undefined;
}

function spawnDockerd() {
  const log = openSync(inLab('dockerd.log'), 'w');
  const child = spawn(findOnPath('dockerd') ?? 'dockerd', [], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
    // It calls iptables, which lies where an ordinary PATH does not reach.
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  });
  child.on('error', () => undefined);
  child.unref();
  return child;
}

/**
 * A killed daemon leaves its pid file, and the number may by now be somebody else's: dockerd refuses to start then.
 * @param {string} file
 * @param {string} program
 */
function removeStalePidFile(file, program) {
  const pid = readPid(file);
  if (pid === undefined || readLivePid(file, program) !== undefined) return;
  rmSync(file, { force: true });
  sayOutside(`removed ${file}: process ${pid} is no living ${program}`);
}

/** The containerd of a dockerd that was killed runs on; the next dockerd takes it over, unless it hangs. */
async function endLeftContainerd() {
  const pid = readLivePid(containerdPidFile, 'containerd');
  if (pid === undefined || readLivePid(enginePidFile, 'dockerd') !== undefined) return;
  sayOutside(`ended containerd (process ${pid}), which an earlier dockerd left`);
  process.kill(pid, 'SIGKILL');
  await sleep(500);
  rmSync(containerdPidFile, { force: true });
}

/**
 * The process that a pid file names, where it lives and is that program. A zombie, which stays where process 1 does not
 * reap (as in many containers), is dead, though dockerd would take it for alive.
 * @param {string} file
 * @param {string} program
 */
function readLivePid(file, program) {
  const pid = readPid(file);
  if (pid === undefined) return undefined;
  try {
    const [, comm, state] = /^\d+ \((.*)\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return comm === program && state !== 'Z' ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} file */
function readPid(file) {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10);
  } catch {
    return undefined;
  }
}

/** @param {string} file */
function readEnd(file) {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines
    .slice(-12)
    .map((line) => `  ${line}`)
    .join('\n');
}
