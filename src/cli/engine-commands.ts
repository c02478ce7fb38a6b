/**
 * The commands that look at the engine and nginx themselves, as one part of the bundle: what they need is most of it, and
 * those that ask the running controller, such as the HEALTHCHECK every half minute, do without.
 */
export { doctor } from './doctor.ts';
export { explain } from './explain.ts';
export { once } from './once.ts';
export { render } from './render.ts';
export { run } from './run.ts';
