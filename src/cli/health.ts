import { printableLine } from '../core/printable.ts';
import { ControllerError, askController, controllerAt } from './ask-controller.ts';
import { complain, say } from './say.ts';
import type { Settings } from './settings.ts';

const timeoutMs = 2000;

/** Asks the running controller for `/healthz`: the image's HEALTHCHECK. Answers the exit code. */
export async function health(settings: Settings): Promise<number> {
  try {
    const { isOk, text } = await askController(controllerAt(settings), '/healthz', timeoutMs);
    say(`${printableLine(text)}\n`);
    return isOk ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ControllerError)) throw error;
    complain(`${printableLine(error.message)}\n`);
    return 1;
  }
}
