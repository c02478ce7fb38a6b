import { relative } from 'node:path';

import { createTwoFilesPatch } from 'diff';

import type { FilesPlan } from '../adapters/plan-files.ts';
import type { FileChange } from '../adapters/write-together.ts';
import { printable, printableLine } from '../core/printable.ts';
import { findLbwatch } from '../stack/roles.ts';
import { complain, say, sayPainted } from './say.ts';
import type { Paint } from './say.ts';
import { readStackSettings } from './stack-settings.ts';

export interface InitOptions {
  readonly isWriting: boolean;
  /** Whether `docker compose config` and `docker image inspect` may be asked. */
  readonly asksDocker: boolean;
}

/**
 * Shows, as a difference, how a hand-written nginx configuration and its Compose file come to be lbwatch's: upstream blocks
 * as labels, an include in their place, and the sidecar; or writes it. Answers the exit code: 0 shown, written or nothing
 * to do, 1 nothing could be carried over, 2 the files cannot be read.
 *
 * @param given Compose files; none: those that Compose would take
 */
export async function init(
  given: readonly string[],
  { isWriting, asksDocker }: InitOptions,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { readProject } = await import('../adapters/read-stack.ts');
  const { BadComposeFile } = await import('../adapters/compose-yaml.ts');
  const { planFiles } = await import('../adapters/plan-files.ts');
  const { writeTogether } = await import('../adapters/write-together.ts');
  try {
    const read = await readProject(given, { folder, environment, asksDocker });
    const { settings } = readStackSettings(findLbwatch(read.project));
    const plan = await planFiles(read, settings.dir, settings.nginx);
    const { carried, left, changes, obstacle } = plan;
    const remarks = renderRemarks(plan, folder);
    if (obstacle !== undefined) {
      complain(`lbwatch: ${printableLine(obstacle)}\n${remarks}`);
      return 1;
    }
    if (changes.length === 0) {
      say(
        left.length === 0 ? 'nothing to do: no upstream block is left that services could feed\n' : 'nothing to do\n',
      );
      complain(remarks);
      return left.length > 0 && findLbwatch(read.project) === undefined ? 1 : 0;
    }
    const pools = carried.map(({ name }) => printable(name)).join(', ');
    if (isWriting) {
      for (const { path, copy } of await writeTogether(changes)) {
        say(`wrote ${shorten(path, folder)}${copy === undefined ? '' : ` (as it was: ${shorten(copy, folder)})`}\n`);
      }
      say(`pools by label now: ${pools}; next: lbwatch check, then docker compose up -d\n`);
    } else {
      sayPainted(renderDifference(changes, folder), differencePaints);
      complain(`pools by label then: ${pools}; lbwatch init --write does this, and keeps copies\n`);
    }
    complain(remarks);
    return 0;
  } catch (error) {
    if (!(error instanceof BadComposeFile)) throw error;
    complain(`lbwatch: ${printableLine(error.message.replaceAll(`${folder}/`, ''))}\n`);
    return 2;
  }
}

const differencePaints: readonly Paint[] = [
  { pattern: /^\+.*$/, colour: 'green' },
  { pattern: /^-.*$/, colour: 'red' },
  { pattern: /^@@.*$/, colour: 'cyan' },
];

/** The changes as a unified difference, which patch(1) takes. */
export function renderDifference(changes: readonly FileChange[], folder: string): string {
  const patches = changes.map(({ path, before, after }) => {
    const name = shorten(path, folder);
    const old = before === undefined ? '/dev/null' : name;
    return createTwoFilesPatch(old, name, withoutReturns(before ?? ''), withoutReturns(after));
  });
  return patches.join('');
}

/** Line breaks stay as a file has them; on a terminal a carriage return is none. */
function withoutReturns(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

/** Which blocks stay as they are, a line each. */
export function renderRemarks({ left }: Pick<FilesPlan, 'left'>, folder: string): string {
  const lines = left.map(({ block: { at, name }, why }) => {
    return `left as it is: ${shorten(at.file, folder)}:${String(at.line)}: upstream ${printable(name)}: ${printableLine(why)}\n`;
  });
  return lines.join('');
}

function shorten(path: string, folder: string): string {
  const inside = relative(folder, path);
  return printable(inside.startsWith('..') ? path : inside, 4096);
}

export const initHelp = `
For a stack whose nginx.conf was written by hand. Reads the Compose files as lbwatch check does, and nginx's
configuration where it is mounted below /etc/nginx or copied there by a Dockerfile. Each upstream block whose servers are
services of the Compose file becomes labels; weight, max_fails, fail_timeout, max_conns, backup, the method and keepalive
are carried over. A block that holds anything that no label says stays as it is, and the reason is told. Comments, order
and formatting stay. --write keeps each file as FILE.before-lbwatch; all files are written, or none.

Exit codes: 0 shown, written, or nothing to do; 1 nothing can be carried over; 2 the files cannot be read.`;
