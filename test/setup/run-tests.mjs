import { existsSync, readFileSync, rmSync } from 'node:fs';
import { inClone, inLab } from './clone.mjs';
import { runAttached } from './run.mjs';

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
 * Runs Jest, whose own report goes to the terminal, and ends with the line `N passed, N failed`. No test at all is a
 * failure, and so is a file that could not be loaded.
 * @param {readonly string[]} args for Jest
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} exit code
 */
export async function runTests(args, env) {
  const reportFile = inLab(`jest-${process.pid}.json`);
  const jest = [
    '--experimental-vm-modules',
    '--no-warnings=ExperimentalWarning',
    inClone('node_modules', 'jest', 'bin', 'jest.js'),
  ];
  try {
    const code = await runAttached(
      'node',
      [...jest, '--config', 'test/jest.config.js', '--json', `--outputFile=${reportFile}`, ...args],
      env,
    );
    const { passed, failed, skipped } = count(readReport(reportFile), code);
    process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
    return failed > 0 && code === 0 ? 1 : code;
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
