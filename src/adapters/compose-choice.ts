import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';

const names = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const overrides = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

/**
 * The Compose files that Compose would take (its documentation, "docker compose", "-f" and "COMPOSE_FILE"): those given;
 * else those of `COMPOSE_FILE`; else the first of its usual names in this folder or one above it, and its override.
 *
 * @param given as written on the command line
 * @returns absolute paths; empty where there is no file
 */
export function chooseComposeFiles(
  given: readonly string[],
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (given.length > 0) return given.map((path) => resolve(folder, path));
  const listed = environment['COMPOSE_FILE'];
  if (listed !== undefined && listed !== '') {
    return listed.split(environment['COMPOSE_PATH_SEPARATOR'] ?? ':').map((path) => resolve(folder, path));
  }
  for (let here = folder; ; here = dirname(here)) {
    const found = names.find((name) => existsSync(join(here, name)));
    if (found !== undefined) {
      const override = overrides.find((name) => existsSync(join(here, name)));
      return [found, ...(override === undefined ? [] : [override])].map((name) => join(here, name));
    }
    if (dirname(here) === here) return [];
  }
}

/** The variables that a Compose file may use: this process's over those of `.env` in the project's folder. */
export async function readVariables(
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Readonly<Record<string, string | undefined>>> {
  const path = join(folder, '.env');
  const written = existsSync(path) ? parseEnv(await readFile(path, 'utf8')) : {};
  return { ...written, ...environment };
}
