import { execa } from 'execa';

import { codeOf } from '../core/error-words.ts';
import { mapTexts } from './compose-merge.ts';
import { isRecord } from './raw-data.ts';
import type { Data } from './raw-data.ts';

/** What `docker compose config` makes of Compose files. */
export type Resolved =
  | { readonly kind: 'resolved'; readonly data: Data }
  /** There is no Compose here that could be asked. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly message: string };

const patienceMs = 20_000;

/** Has Compose resolve variables, `extends`, `include` and several files. It asks no engine. */
export async function resolveByCompose(paths: readonly string[]): Promise<Resolved> {
  const files = paths.flatMap((path) => ['-f', path]);
  const words = ['compose', ...files, '--profile', '*', 'config', '--format', 'json'];
  const result = await execa('docker', words, { reject: false, stdin: 'ignore', timeout: patienceMs });
  if (result.failed) {
    const said = result.stderr
      .split('\n')
      .filter((line) => line !== '' && !/^time=".*level=(?:warning|info)/.test(line))
      .join(' ');
    // Without the plugin, docker takes "compose" or "-f" for a word of its own that it does not know.
    const isAbsent =
      codeOf(result.cause) === 'ENOENT' ||
      /is not a docker command|unknown (?:shorthand )?flag|unknown command/.test(said);
    return isAbsent || said === '' ? { kind: 'absent' } : { kind: 'refused', message: said };
  }
  const parse: (text: string) => unknown = JSON.parse;
  // It writes $$ for a $, so that what it prints is a Compose file again.
  const data = mapTexts(parse(result.stdout), (text) => text.replaceAll('$$', '$'));
  return isRecord(data) ? { kind: 'resolved', data } : { kind: 'absent' };
}
