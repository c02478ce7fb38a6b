import type { Settings } from './settings.ts';

const timeoutMs = 2000;

/** Asks the running controller for `/healthz`: the image's HEALTHCHECK. Answers the exit code. */
export async function health(settings: Settings): Promise<number> {
  const { address = '127.0.0.1', port } = settings.status;
  const host = address === '0.0.0.0' ? '127.0.0.1' : address;
  try {
    const response = await fetch(`http://${host}:${String(port)}/healthz`, { signal: AbortSignal.timeout(timeoutMs) });
    process.stdout.write(`${await response.text()}\n`);
    return response.ok ? 0 : 1;
  } catch (error) {
    process.stderr.write(
      `no controller answers at ${host}:${String(port)}: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return 1;
  }
}
