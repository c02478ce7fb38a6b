import { existsSync, readFileSync, rmSync } from 'node:fs';
import { inClone, inLab } from './clone.mjs';
import { mustRun, run, runAttached } from './run.mjs';

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

/** A Swarm of the tests' own, on engines of its own: most of its time is Swarm's. */
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
 * What Jest is told, each time it is run; and what runs meanwhile, and is shown when it has ended.
 * @typedef {object} Stage
 * @property {readonly (readonly string[])[]} goes
 * @property {readonly string[]} [beside]
 */

/**
 * Runs Jest, whose own report goes to the terminal, and ends with the line `N passed, N failed`. No test at all is a
 * failure, and so is a file that could not be loaded.
 *
 * @param {readonly Stage[]} stages one after the other
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} exit code
 */
export async function runTests(stages, env) {
  /** @type {Result[]} */
  const results = [];
  for (const { goes, beside } of stages) {
    const other = beside === undefined ? undefined : runJestUnseen(beside, env);
    for (const go of goes) results.push(await runJest(go, env));
    if (other !== undefined) results.push(await other);
  }
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
 * @param {readonly Stage[]} stages
 */
export async function listTests(stages) {
  const goes = stages.flatMap(({ goes, beside }) => (beside === undefined ? goes : [...goes, beside]));
  const lists = [];
  for (const go of goes) lists.push(await mustRun('cannot list the tests', 'node', [...jest, '--listTests', ...go]));
  return lists.join('\n');
}

/**
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function runJest(args, env) {
  return countTests('', (words) => runAttached('node', [...words, ...args], env));
}

/**
 * Shows what it printed when it has ended.
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function runJestUnseen(args, env) {
  return countTests('-beside', async (words) => {
    const { code, stdout, stderr } = await run('node', [...words, ...args], { env });
    process.stdout.write(`${stdout}${stderr}`);
    return code;
  });
}

/**
 * @param {string} which of those that run at the same time
 * @param {(words: readonly string[]) => Promise<number>} runWith
 * @returns {Promise<Result>}
 */
async function countTests(which, runWith) {
  const reportFile = inLab(`jest-${process.pid}${which}.json`);
  try {
    const code = await runWith([...jest, '--json', `--outputFile=${reportFile}`]);
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
