import { buildDebianImage, ensureImageBuilder } from './debian-image.mjs';
import { readMachine } from './machine.mjs';
import { mustRun } from './run.mjs';
import { hasImage, pullMissing } from './registry.mjs';
import { say, sayWhile, secondsSince } from './say.mjs';
import { SetupError } from './setup-error.mjs';

const step = 'nginx images';

/** The versions that the tests try beside the stack's own, and the Debian suites that have them. */
const versions = [
  { version: '1.22', suite: 'bookworm' },
  { version: '1.26', suite: 'trixie' },
];

/**
 * Makes sure that the engine has `lbwatch-nginx:<version>` for each version that the tests try: the official image
 * under that name, or one of Debian packages.
 */
export async function ensureNginxImages() {
  const startedMs = Date.now();
  /** @type {typeof versions} */
  const missing = [];
  for (const wanted of versions) if (!(await hasImage(tagOf(wanted)))) missing.push(wanted);
  if (missing.length > 0) await provide(missing);
  say(step, `${versions.map(tagOf).join(', ')}${missing.length > 0 ? ` (${secondsSince(startedMs)})` : ''}`);
}

/** @param {typeof versions} missing */
async function provide(missing) {
  const why = await pullMissing(
    step,
    missing.map(({ version }) => `nginx:${version}`),
  );
  if (why === undefined) {
    for (const { version } of missing)
      await mustRun('cannot tag', 'docker', ['tag', `nginx:${version}`, tagOf({ version })]);
    return;
  }
  await ensureImageBuilder(step, why);
  if (readMachine().family !== 'debian') {
    throw new SetupError(`nginx ${missing.map(({ version }) => version).join(', ')} cannot be had: ${why}`, [
      'Ubuntu has other versions. Give the engine these images under these names:',
      ...missing.map(
        (wanted) => `  docker pull nginx:${wanted.version} && docker tag nginx:${wanted.version} ${tagOf(wanted)}`,
      ),
    ]);
  }
  // Side by side: each waits for the mirror and for one core in turn.
  await sayWhile(step, `building ${missing.map(tagOf).join(', ')} from packages`, () =>
    Promise.all(
      missing.map((wanted) =>
        buildDebianImage({
          tag: tagOf(wanted),
          suite: wanted.suite,
          packages: ['nginx', 'libnginx-mod-stream'],
          proof: `nginx -v 2>&1 | grep -F ${wanted.version}.`,
        }),
      ),
    ),
  );
}

/** @param {{ version: string }} wanted */
function tagOf({ version }) {
  return `lbwatch-nginx:${version}`;
}
