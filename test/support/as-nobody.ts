import { spawnSync } from 'node:child_process';

const nobody = 65_534;
const sources = new URL('../../src/', import.meta.url).href;

/**
 * Runs a piece of an ES module in a process of its own, and answers what it printed. `src` in it is the URL of the
 * sources' folder.
 */
export function asRunner(script: string, environment: Readonly<Record<string, string>> = {}): string {
  const whole = `const src = ${JSON.stringify(sources)};\n${script}`;
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

/**
 * The same in a mount namespace of its own, where `mount(...words)` mounts what nobody else sees and what is gone with the
 * process. Needs root, or a system that lets users have namespaces; throws where it has neither.
 */
export function asMounter(script: string): string {
  const mount = `const { execFileSync } = await import('node:child_process');
    const mount = (...words) => execFileSync('mount', words);\n`;
  const whole = `const src = ${JSON.stringify(sources)};\n${mount}${script}`;
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const node = [process.execPath, '--no-warnings', '--input-type=module', '--eval', whole];
  const { status, stdout, stderr } = spawnSync('unshare', [...user, '--mount', ...node], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the script in its own mounts failed: ${stdout}${stderr}`);
  return stdout;
}
