import { inClone } from './clone.mjs';
import { run } from './run.mjs';
import { say, sayWhile, secondsSince } from './say.mjs';

/** @type {readonly { name: string, program: string, args: readonly string[] }[]} */
const checks = [
  { name: 'types', program: 'tsc', args: ['--noEmit'] },
  { name: 'types of page', program: 'tsc', args: ['--noEmit', '-p', 'src/report/page'] },
  { name: 'lint', program: 'eslint', args: ['.'] },
  { name: 'format', program: 'prettier', args: ['--check', '.'] },
  { name: 'unused code', program: 'knip', args: [] },
];

/**
 * Runs all checks of the sources, also after one has failed; prints what the failed ones say.
 * @returns {Promise<number>} exit code
 */
export async function runChecks() {
  let failed = 0;
  for (const { name, program, args } of checks) {
    const startedMs = Date.now();
    const result = await sayWhile(name, program, () => run(inClone('node_modules', '.bin', program), args));
    say(name, `${result.code === 0 ? 'ok' : 'FAILED'} (${program}, ${secondsSince(startedMs)})`);
    if (result.code !== 0) {
      failed += 1;
      process.stdout.write(`${result.stdout}${result.stderr}\n`);
    }
  }
  say('checks', `${checks.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
