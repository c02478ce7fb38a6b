import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inLab } from './clone.mjs';
import { mustRun } from './run.mjs';
import { SetupError } from './setup-error.mjs';

/**
 * Unpacks packages of a suite, with what they need and this machine lacks, into a folder of `.lab/`. Changes nothing on
 * the machine and needs no root: apt works here on lists and a cache of its own, but with the machine's keys, so that
 * signatures and checksums are verified as ever. The folder appears only when it is complete.
 * @param {string} suite such as `trixie`
 * @param {readonly string[]} packages
 * @param {string} folder
 * @param {{ withDependencies: boolean }} options
 */
export async function unpackPackages(suite, packages, folder, options) {
  const apt = inLab(`apt-${suite}-${process.pid}`);
  const partial = `${folder}.partial`;
  try {
    rmSync(partial, { recursive: true, force: true });
    for (const name of ['lists/partial', 'archives/partial', 'sources', 'debs', 'unpacked']) {
      mkdirSync(path.join(apt, name), { recursive: true });
    }
    writeFileSync(path.join(apt, 'sources', 'suite.list'), renderSource(suite));
    const settings = [
      'Dir::Etc::SourceList=/dev/null',
      `Dir::Etc::SourceParts=${path.join(apt, 'sources')}`,
      `Dir::State::Lists=${path.join(apt, 'lists')}`,
      `Dir::Cache=${apt}`,
      `Dir::Cache::Archives=${path.join(apt, 'archives')}`,
      'Acquire::Languages=none',
      'APT::Sandbox::User=',
      'Debug::NoLocking=1',
    ].flatMap((setting) => ['-o', setting]);
    const failure = `cannot fetch ${packages.join(', ')} of ${suite}`;
    await mustRun(failure, 'apt-get', [...settings, '-q', '-o', 'APT::Update::Error-Mode=any', 'update']);
    if (options.withDependencies) {
      const install = ['-y', '-q', '--no-install-recommends', '--reinstall', '--download-only', 'install'];
      await mustRun(failure, 'apt-get', [...settings, ...install, ...packages]);
    } else {
      await mustRun(failure, 'apt-get', [...settings, '-q', 'download', ...packages], {
        cwd: path.join(apt, 'archives'),
      });
    }
    for (const name of readdirSync(path.join(apt, 'archives')).filter((file) => file.endsWith('.deb'))) {
      await mustRun(`cannot unpack ${name}`, 'dpkg', ['-x', path.join(apt, 'archives', name), partial]);
    }
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
  } finally {
    rmSync(apt, { recursive: true, force: true });
  }
}

/**
 * The package mirror that this machine uses for its distribution, as its own sources name it.
 * @returns {{ uri: string, components: string }}
 */
export function readMirror() {
  const source = readSources().find(({ suites }) => !suites.some((suite) => /security|backports/.test(suite)));
  if (source !== undefined) return { uri: source.uri, components: source.components };
  throw new SetupError('no package mirror found in /etc/apt/sources.list and /etc/apt/sources.list.d', [
    'Add a source for the distribution there.',
  ]);
}

/** @param {string} suite */
function renderSource(suite) {
  const { uri, components } = readMirror();
  const keys = ['debian', 'ubuntu']
    .map((family) => `/usr/share/keyrings/${family}-archive-keyring.gpg`)
    .find((file) => existsSync(file) && uri.includes('ubuntu') === file.includes('ubuntu'));
  return `deb ${keys === undefined ? '' : `[signed-by=${keys}] `}${uri} ${suite} ${components}\n`;
}

/** The distribution's own sources, in both of apt's formats; those of other vendors (with keys or suites of their own) are left out. */
function readSources() {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder)
      ? readdirSync(folder)
          .sort()
          .map((name) => path.join(folder, name))
      : []),
  ];
  return files
    .filter((file) => existsSync(file) && /\.(list|sources)$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8').replaceAll(/^\s*#.*\n?/gm, '');
      return file.endsWith('.list') ? parseLines(text) : parseStanzas(text);
    })
    .filter(({ components }) => components.split(' ').includes('main'))
    .filter(({ suites }) => suites.some((suite) => isOwnSuite(suite)));
}

/** @param {string} suite */
function isOwnSuite(suite) {
  const codename = /^(?:VERSION_CODENAME|UBUNTU_CODENAME)=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  return suite === codename || ['stable', 'testing', 'unstable', 'sid'].includes(suite);
}

/** @param {string} text */
function parseLines(text) {
  return [...text.matchAll(/^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$/gm)].map(
    ([, uri = '', suite = '', components = '']) => ({
      uri,
      suites: [suite],
      components: components.trim(),
    }),
  );
}

/** @param {string} text */
function parseStanzas(text) {
  return text.split(/\n\s*\n/).map((stanza) => {
    const field = (/** @type {string} */ name) =>
      new RegExp(`^${name}:\\s*(.*)$`, 'mi').exec(stanza)?.[1]?.trim() ?? '';
    return {
      uri: field('URIs').split(/\s+/)[0] ?? '',
      suites: field('Suites').split(/\s+/),
      components: field('Components'),
    };
  });
}
