import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
const dockerfile = read('src/Dockerfile');
const [, nodeOptions = ''] = /NODE_OPTIONS="([^"]+)"/.exec(dockerfile) ?? [];
const [, arenas = ''] = /MALLOC_ARENA_MAX=(\d+)/.exec(dockerfile) ?? [];

/** What the image tells its Node.js and its C library. */
export const imageEnvironment: Readonly<Record<string, string>> = {
  NODE_OPTIONS: nodeOptions,
  MALLOC_ARENA_MAX: arenas,
};

/** With what of V8 lbwatch runs. */
export const v8Flags: readonly string[] = [...read('src/start.ts').matchAll(/'(--no-[a-z]+)'/g)].map(
  ([, flag = '']) => flag,
);
if (v8Flags.length === 0)
  throw new Error('src/start.ts sets no flags of V8 any more: what is measured here runs otherwise');
