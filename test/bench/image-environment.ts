import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const dockerfile = readFileSync(join(import.meta.dirname, '../../src/Dockerfile'), 'utf8');
const [, nodeOptions = ''] = /NODE_OPTIONS="([^"]+)"/.exec(dockerfile) ?? [];
const [, arenas = ''] = /MALLOC_ARENA_MAX=(\d+)/.exec(dockerfile) ?? [];

/** What the image tells its Node.js and its C library. */
export const imageEnvironment: Readonly<Record<string, string>> = {
  NODE_OPTIONS: nodeOptions,
  MALLOC_ARENA_MAX: arenas,
};
