import { spawnSync } from 'node:child_process';

const nobody = 65_534;

/**
 * Runs a piece of an ES module in a process of its own, and answers what it printed. `src` in it is the URL of the
 * sources' folder.
 */
export function asRunner(script: string, environment: Readonly<Record<string, string>> = {}): string {
  const src = new URL('../../src/', import.meta.url).href;
  const whole = `const src = ${JSON.stringify(src)};\n${script}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '--eval', whole], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', ...environment },
  });
  return `${stdout}${stderr}`;
}

/**
 * The same for a process that is not root, whoever runs the tests: from its call of `dropRoot` on. Modules are to be
 * imported before, since they may lie where nobody else may look.
 */
export function asNobody(script: string, environment: Readonly<Record<string, string>> = {}): string {
  const drop = `process.setgroups([]); process.setgid(${String(nobody)}); process.setuid(${String(nobody)});`;
  return asRunner(`const dropRoot = () => { if (process.getuid() === 0) { ${drop} } };\n${script}`, environment);
}
