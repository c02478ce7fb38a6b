import { spawnSync } from 'node:child_process';

const nobody = 65_534;

/**
 * Runs a piece of an ES module in a process that is not root, whoever runs the tests, and answers what it printed. `src`
 * in it is the URL of the sources' folder.
 */
export function asNobody(script: string, environment: Readonly<Record<string, string>> = {}): string {
  const src = new URL('../../src/', import.meta.url).href;
  // Dropped after the modules were found, which may lie where nobody else may look.
  const whole = `const src = ${JSON.stringify(src)};\nconst dropRoot = () => { if (process.getuid() === 0) { process.setgroups([]); process.setgid(${String(nobody)}); process.setuid(${String(nobody)}); } };\n${script}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '--eval', whole], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', ...environment },
  });
  return `${stdout}${stderr}`;
}
