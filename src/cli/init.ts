import { createTwoFilesPatch } from 'diff';

import { BadComposeFile } from '../adapters/compose-yaml.ts';
import { planFiles } from '../adapters/plan-files.ts';
import type { FilesPlan } from '../adapters/plan-files.ts';
import { readProject } from '../adapters/read-stack.ts';
import { writeTogether } from '../adapters/write-together.ts';
import type { FileChange } from '../adapters/write-together.ts';
import { printable, printableLine } from '../core/printable.ts';
import { findLbwatch } from '../stack/roles.ts';
import { complain, say, sayPainted } from './say.ts';
import type { Paint } from './say.ts';
import { showPath } from './shown-path.ts';
import { readStackSettings } from './stack-settings.ts';

interface InitOptions {
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
  return printable(showPath(path, folder), 4096);
}
