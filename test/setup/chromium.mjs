import { existsSync } from 'node:fs';
import { installPackages, readCandidate } from './apt.mjs';
import { findOnPath, readMachine } from './machine.mjs';
import { run, tailOf } from './run.mjs';
import { say } from './say.mjs';
import { SetupError } from './setup-error.mjs';

const step = 'chromium';

/** Inter is what the page asks for first, and what its screenshots are taken with. */
const packages = ['chromium', 'fonts-inter', 'fonts-dejavu-core'];
const programs = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const macPrograms = ['Google Chrome', 'Chromium'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);

/**
 * Finds a Chromium for the tests of the status page: the one of CHROME_PATH, or an installed one; else installs Debian's,
 * about 100 MB, where root may. Proves that it starts.
 * @returns {Promise<string>} its program
 */
export async function ensureChromium() {
  const chosen = process.env['CHROME_PATH'];
  const installed = chosen ?? findInstalled();
  if (installed === undefined) await install();
  const program = installed ?? findInstalled();
  if (program === undefined) throw new SetupError('Chromium was installed, and is not on PATH', advice());
  const result = await run(program, ['--no-sandbox', '--headless', '--version'], { limitMs: 60_000 });
  // Ubuntu's package is a stub that asks for snap.
  if (result.code !== 0) throw new SetupError(`${program} does not start here:\n${tailOf(result)}`, advice());
  say(step, `${program} ${/[\d.]{5,}/.exec(result.stdout)?.[0] ?? ''}`);
  return program;
}

function findInstalled() {
  return programs.map(findOnPath).find((file) => file !== undefined) ?? macPrograms.find((file) => existsSync(file));
}

async function install() {
  const { family, isRoot } = readMachine();
  if (family !== 'debian' || !isRoot) {
    throw new SetupError('there is no Chromium or Chrome for the tests of the status page', advice());
  }
  const available = [];
  for (const name of packages)
    if ((await readCandidate(name)) !== undefined || name === 'chromium') available.push(name);
  await installPackages(step, available);
}

function advice() {
  const command =
    process.platform === 'darwin'
      ? 'brew install --cask google-chrome'
      : readMachine().family === 'debian'
        ? 'sudo apt-get install chromium'
        : 'Install Google Chrome or Chromium with your package manager,';
  return [`  ${command}`, 'or say where one is: CHROME_PATH=/path/to/chrome npm test'];
}
