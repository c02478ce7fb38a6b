import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { root } from './clone.mjs';
import { SetupError } from './setup-error.mjs';

/**
 * How a command ended. 127: not found. 124: took longer than its limit.
 * @typedef {{ code: number, stdout: string, stderr: string }} Result
 *
 * @typedef {object} RunOptions
 * @property {string} [cwd] the clone's root unless said otherwise
 * @property {NodeJS.ProcessEnv} [env]
 * @property {number} [limitMs] the command is ended when it takes longer
 * @property {(text: string) => void} [onOutput] hears what it prints, as it comes
 */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/**
 * Runs a command without input and collects what it prints. Never throws: a failure is a code.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<Result>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    let stdout = '';
    let stderr = '';
    let hasTimedOut = false;
    const limit =
      options.limitMs === undefined
        ? undefined
        : setTimeout(() => {
            hasTimedOut = true;
            child.kill('SIGKILL');
            child.stdout.destroy();
            child.stderr.destroy();
          }, options.limitMs);
    child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      stdout += text;
      options.onOutput?.(text);
    });
    child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      stderr += text;
      options.onOutput?.(text);
    });
    const finish = (/** @type {number} */ code) => {
      clearTimeout(limit);
      running.delete(child);
      resolve({ code: hasTimedOut ? 124 : code, stdout, stderr });
    };
    child.on('error', (error) => {
      stderr += error.message;
      finish(127);
    });
    child.on('close', (code, signal) => {
      finish(codeOf(code, signal));
    });
  });
}

/**
 * Like `run`, for commands that have to succeed. Returns what it printed on stdout.
 * @param {string} failure what could not be done, for the message
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions & { advice?: readonly string[] }} [options]
 */
export async function mustRun(failure, command, args, options = {}) {
  const result = await run(command, args, options);
  if (result.code === 0) return result.stdout;
  throw new SetupError(
    `${failure}: \`${[command, ...args].join(' ')}\` ended with ${result.code}\n${tailOf(result)}`,
    options.advice,
  );
}

/**
 * The last lines that a command printed: where the reason usually stands.
 * @param {Result} result
 * @param {number} [count]
 */
export function tailOf(result, count = 15) {
  return `${result.stdout}\n${result.stderr}`
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .map((line) => `  ${line}`)
    .join('\n');
}

/**
 * Hands the terminal over to a command and returns its exit code. Signals sent to us reach it.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
export function runAttached(command, args, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: 'inherit' });
    // A terminal sends Ctrl-C to both of us: a second one would read as "at once".
    const forward = (/** @type {NodeJS.Signals} */ signal) => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    process.off('SIGINT', endChildren).off('SIGTERM', endChildren);
    process.on('SIGINT', forward).on('SIGTERM', forward);
    const finish = (/** @type {number} */ code) => {
      process.off('SIGINT', forward).off('SIGTERM', forward);
      resolve(code);
    };
    child.on('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      finish(127);
    });
    child.on('close', (code, signal) => {
      finish(codeOf(code, signal));
    });
  });
}

/** Ends what `run` has under way when we are told to stop, so that no step goes on without us. */
export function endChildrenOnSignals() {
  process.on('SIGINT', endChildren).on('SIGTERM', endChildren);
}

/** @param {NodeJS.Signals} signal */
function endChildren(signal) {
  for (const child of running) child.kill(signal);
  process.exit(codeOf(null, signal));
}

/**
 * The exit code a shell would give.
 * @param {number | null} code
 * @param {NodeJS.Signals | null} signal
 */
function codeOf(code, signal) {
  return code ?? 128 + (signal === null ? 1 : constants.signals[signal]);
}
