/** The commands that read Compose files, as one part of the bundle: YAML alone is a tenth of it, and the controller does without. */
export { check } from './check.ts';
export { init } from './init.ts';
