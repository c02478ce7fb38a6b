import { ControllerError, askController, controllerAt } from './ask-controller.ts';
import type { Settings } from './settings.ts';

const timeoutMs = 2000;

/** Asks the running controller for `/healthz`: the image's HEALTHCHECK. Answers the exit code. */
export async function health(settings: Settings): Promise<number> {
  try {
    const { isOk, text } = await askController(controllerAt(settings), '/healthz', timeoutMs);
    process.stdout.write(`${text}\n`);
    return isOk ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ControllerError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}
