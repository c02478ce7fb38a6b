import { existsSync, readFileSync, rmSync } from 'node:fs';
import { inClone, inLab } from './clone.mjs';
import { mustRun, runAttached } from './run.mjs';

/**
 * What we use of Jest's `--json` report.
 * @typedef {object} Report
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {readonly { status: string, assertionResults: readonly { status: string }[] }[]} testResults
 */

/**
 * What needs no engine, in two goes: two files at a time, but those of the commands, whose labs share addresses of the
 * loopback network.
 */
export const withoutEngine = [['--maxWorkers=2', '--testPathIgnorePatterns=/test/(?:e2e|cli|swarm)/'], ['/test/cli/']];

/** The journeys: one after the other, since they share an engine, and some of them measure time. */
export const journeys = ['/test/e2e/'];

/** A Swarm of the tests' own, on engines of its own. */
export const onSwarm = ['/test/swarm/'];

const jest = [
  '--experimental-vm-modules',
  '--no-warnings=ExperimentalWarning',
  inClone('node_modules', 'jest', 'bin', 'jest.js'),
  '--config',
  'test/jest.config.js',
];

/**
 * What came of a run of Jest.
 * @typedef {{ code: number, passed: number, failed: number, skipped: number }} Result
 */

/**
 * Runs Jest, whose own report goes to the terminal, and ends with the line `N passed, N failed`. No test at all is a
 * failure, and so is a file that could not be loaded.
 *
 * @param {readonly (readonly string[])[]} goes what Jest is told, each time it is run
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} exit code
 */
export async function runTests(goes, env) {
  /** @type {Result[]} */
  const results = [];
  for (const go of goes) results.push(await runJest(go, env));
  /** @param {'passed' | 'failed' | 'skipped'} key */
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  const skipped = sum('skipped');
  process.stdout.write(
    `${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
  );
  return results.find(({ code }) => code !== 0)?.code ?? (sum('failed') > 0 ? 1 : 0);
}

/**
 * The files of tests that these runs of Jest have in them, a line each: what some of them need is had only for those.
 * @param {readonly (readonly string[])[]} goes
 */
export async function listTests(goes) {
  const lists = [];
  for (const go of goes) lists.push(await mustRun('cannot list the tests', 'node', [...jest, '--listTests', ...go]));
  return lists.join('\n');
}

/**
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Result>}
 */
async function runJest(args, env) {
  const reportFile = inLab(`jest-${process.pid}.json`);
  try {
    const code = await runAttached('node', [...jest, '--json', `--outputFile=${reportFile}`, ...args], env);
    return { code, ...count(readReport(reportFile), code) };
  } finally {
    rmSync(reportFile, { force: true });
  }
}

/**
 * @param {string} file
 * @returns {Report | undefined}
 */
function readReport(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/**
 * @param {Report | undefined} report undefined: Jest did not come to an end
 * @param {number} code
 */
function count(report, code) {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  // A file that could not be loaded, or whose hooks broke outside any test, has failed without a failed test.
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = report.numFailedTests + brokenFiles;
  const hasNothing = report.numPassedTests === 0;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && (code !== 0 || hasNothing) ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
