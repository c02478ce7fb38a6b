import { mustRun } from './run.mjs';
import { say } from './say.mjs';

/** Builds `dist/lbwatch.js` and its parts, which run in the controller's image. The build itself knows when it is current. */
export async function ensureBundle() {
  const stdout = await mustRun('cannot build the bundle', 'node', ['src/build.mjs']);
  say('bundle', stdout.trim().split('\n').at(-1) || 'dist/lbwatch.js');
}
