import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { inClone } from './clone.mjs';

const file = inClone('.env');
const linePattern = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/;

/**
 * What `.env` in the clone says: Compose reads the same file.
 * @returns {Record<string, string>}
 */
export function readDotEnv() {
  if (!existsSync(file)) return {};
  return Object.fromEntries(
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [, name, value] = linePattern.exec(line) ?? [];
        return name === undefined || value === undefined ? [] : [[name, value.replace(/^(["'])(.*)\1$/, '$2')]];
      }),
  );
}

/**
 * Sets variables in `.env`, in place where they stand already; all other lines stay as they are.
 * @param {Readonly<Record<string, string>>} values
 * @returns {boolean} whether the file changed
 */
export function writeDotEnv(values) {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const missing = new Map(Object.entries(values));
  const lines = before.split('\n').map((line) => {
    const name = linePattern.exec(line)?.[1];
    const value = name === undefined ? undefined : values[name];
    if (name === undefined || value === undefined) return line;
    missing.delete(name);
    return `${name}=${value}`;
  });
  while (lines.at(-1) === '') lines.pop();
  const after = [...lines, ...[...missing].map(([name, value]) => `${name}=${value}`), ''].join('\n');
  if (after === before) return false;
  writeFileSync(`${file}.partial`, after);
  renameSync(`${file}.partial`, file);
  return true;
}
