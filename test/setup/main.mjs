// What `npm run demo`, `traffic`, `chaos`, `bench`, `test`, `test:swarm` and `check` start: brings a fresh clone to where they can run, step by
// step, then runs them. Needs nothing but Node 20; each step is skipped where its work is done already.
import { ensureBundle } from './bundle.mjs';
import { ensureChromium } from './chromium.mjs';
import { ensureCompose, ensureComposeV1 } from './compose.mjs';
import { readDotEnv } from './dot-env.mjs';
import { askEngine, ensureEngine } from './engine.mjs';
import { ensureImageBases } from './image-bases.mjs';
import { ensureNginxBinary } from './nginx-binary.mjs';
import { ensureNginxImages } from './nginx-images.mjs';
import { ensureNginxParser } from './nginx-parser.mjs';
import { ensureNpmPackages } from './npm-packages.mjs';
import { ensureOneContainerImage } from './one-container-image.mjs';
import { ensureOtherEngines } from './other-engines.mjs';
import { ensureCaddyImage, ensureHaproxyImage } from './packaged-images.mjs';
import { ensurePrometheus } from './prometheus.mjs';
import { endChildrenOnSignals, runAttached } from './run.mjs';
import { runChecks } from './run-checks.mjs';
import { journeys, listTests, onSwarm, runTests, withoutEngine } from './run-tests.mjs';
import { say, sayOnStderr } from './say.mjs';
import { SetupError } from './setup-error.mjs';
import { ensureShells } from './shells.mjs';
import { ensureStackImages } from './stack-images.mjs';
import { ensureWrk } from './wrk.mjs';

/** @type {Readonly<Record<string, (args: readonly string[]) => Promise<number>>>} */
const commands = { demo, traffic, chaos, bench, screenshots, test, swarm, check: runCheck };

/** @param {readonly string[]} args */
async function demo(args) {
  await ensureNpmPackages();
  if (args.includes('--down') && (await askEngine()).kind === 'none') {
    say('engine', 'none runs: there is nothing to remove');
    return 0;
  }
  if (args.includes('--down')) return runWithCompose('test/demo/demo.ts', args, await ensureCompose());
  return runWithCompose('test/demo/demo.ts', args, await ensureStack());
}

/** @param {readonly string[]} args */
async function traffic(args) {
  if (args.includes('--json')) sayOnStderr();
  await ensureNpmPackages();
  return runWithCompose('test/traffic/traffic.ts', args, await ensureStack());
}

/** @param {readonly string[]} args */
async function bench(args) {
  if (args.includes('--json')) sayOnStderr();
  await ensureNpmPackages();
  const nginx = await ensureNginxBinary();
  const compose = await ensureStack();
  await ensureNginxImages();
  await ensureHaproxyImage();
  await ensureCaddyImage();
  const wrk = await ensureWrk();
  process.env['LAB_WRK'] = wrk?.binary ?? '';
  process.env['LAB_WRK_LIBRARIES'] = wrk?.libraries ?? '';
  process.env['LAB_NGINX'] = nginx.binary;
  process.env['LAB_NGINX_MODULES'] = nginx.modules;
  return runWithCompose('test/bench/bench.ts', args, compose);
}

/** @param {readonly string[]} args */
async function chaos(args) {
  if (args.includes('--json')) sayOnStderr();
  await ensureNpmPackages();
  return runWithCompose('test/chaos/chaos.ts', args, await ensureStack());
}

/** @param {readonly string[]} args */
async function screenshots(args) {
  await ensureNpmPackages();
  process.env['LAB_CHROMIUM'] = await ensureChromium();
  return runWithCompose('test/screenshots/screenshots.ts', args, await ensureStack());
}

/** @param {readonly string[]} args `--unit`: only what needs no engine; all others are Jest's */
async function test(args) {
  await ensureNpmPackages();
  const nginx = await ensureNginxBinary();
  const parser = await ensureNginxParser();
  const prometheus = await ensurePrometheus();
  await ensureBundle();
  const isUnit = args.includes('--unit');
  const chosen = args.filter((arg) => arg !== '--unit');
  const goes =
    chosen.length > 0
      ? [[...chosen, ...(isUnit ? ['--testPathIgnorePatterns=/test/e2e/'] : [])]]
      : [...withoutEngine, ...(isUnit ? [] : [journeys, onSwarm])];
  const files = await listTests(goes);
  if (/\/test\/cli\/completion\./.test(files)) await ensureShells();
  const env = {
    ...readDotEnv(),
    ...process.env,
    LAB_NGINX: nginx.binary,
    LAB_NGINX_MODULES: nginx.modules,
    LAB_NGINX_PARSER: parser,
    LAB_PROMETHEUS: prometheus,
    LAB_CHROMIUM: /\/test\/(?:report|e2e)\/page\//.test(files) ? await ensureChromium() : '',
  };
  if (isUnit) return runTests(goes, env);
  await ensureEngine();
  const compose = await ensureCompose();
  const composeV1 = await ensureComposeV1();
  await ensureImageBases();
  await ensureNginxImages();
  await ensureHaproxyImage();
  await ensureStackImages(compose);
  await ensureOneContainerImage();
  const { older, newer, podman } = await ensureOtherEngines();
  return runTests(goes, {
    ...readDotEnv(),
    ...env,
    LAB_COMPOSE: compose.join(' '),
    LAB_COMPOSE_V1: composeV1,
    LAB_DOCKER_OLDER: older,
    LAB_DOCKER_NEWER: newer,
    LAB_PODMAN: podman,
  });
}

/** @param {readonly string[]} args Jest's */
async function swarm(args) {
  await ensureNpmPackages();
  await ensureStack();
  await ensureHaproxyImage();
  await ensureOneContainerImage();
  return runTests([[...onSwarm, ...args]], { ...readDotEnv(), ...process.env, LAB_SWARM: 'required' });
}

async function runCheck() {
  await ensureNpmPackages();
  return runChecks();
}

/** Brings the shipped stack to where it can be started; returns the words of Compose. */
async function ensureStack() {
  await ensureEngine();
  const compose = await ensureCompose();
  await ensureImageBases();
  await ensureBundle();
  await ensureStackImages(compose);
  return compose;
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {readonly string[]} compose
 */
function runWithCompose(program, args, compose) {
  return runAttached('node', [program, ...args], {
    ...readDotEnv(),
    ...process.env,
    LAB_COMPOSE: compose.join(' '),
  });
}

/** @param {unknown} error */
function showFailure(error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`\n${[error.message, ...error.advice].join('\n')}\n`);
  return 1;
}

const [name = '', ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  process.stderr.write(`usage: node test/setup/main.mjs ${Object.keys(commands).join('|')} [arguments]\n`);
  process.exit(2);
}
endChildrenOnSignals();
process.exitCode = await command(args).catch(showFailure);
