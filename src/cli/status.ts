import { statusSchema } from '../report/status-document.ts';
import type { StatusDocument } from '../report/status-document.ts';
import { printableLine } from '../core/printable.ts';
import { renderStatus } from '../report/status-lines.ts';
import { ControllerError, command, controllerAt, readAddress } from './ask-controller.ts';
import { fitWidth, terminalSize } from './fit.ts';
import { complain, say, sayJson } from './say.ts';
import type { Settings } from './settings.ts';
import { watchStatus } from './watch-status.ts';

export interface StatusOptions {
  /** As it was written; undefined: the controller that these settings start. */
  readonly address: string | undefined;
  readonly isWatching: boolean;
  readonly isJson: boolean;
}

const timeoutMs = 10_000;

/**
 * Shows how the running controller says everything is. Answers the exit code: 0 in step, 1 nobody answers, 3 rejected,
 * 4 rolled back, 5 unavailable or stale. Throws BadSetting where the address is none.
 */
export async function status(settings: Settings, { address, isWatching, isJson }: StatusOptions): Promise<number> {
  const at = address === undefined ? controllerAt(settings) : readAddress(address);
  try {
    const document = await command(at, '/api/status', timeoutMs, undefined, statusSchema);
    if (isWatching) return exitCode(await watchStatus(at, document, isJson));
    if (isJson) sayJson(document);
    else {
      const text = renderStatus(document, Date.now());
      say(process.stdout.isTTY ? fitWidth(text, terminalSize().columns) : text);
    }
    return exitCode(document);
  } catch (error) {
    if (!(error instanceof ControllerError)) throw error;
    complain(`lbwatch: ${printableLine(error.message)}\n`);
    return 1;
  }
}

/** The codes of `lbwatch once`, where what failed last is why it is not in step. */
function exitCode({ ready, outcome }: StatusDocument): number {
  if (ready) return 0;
  if (outcome?.kind === 'rejected') return 3;
  return outcome?.kind === 'rolledBack' ? 4 : 5;
}
