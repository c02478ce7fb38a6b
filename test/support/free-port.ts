import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that the kernel hands out by itself; from a place by chance, since several test files run at once.
let next = 10_000 + Math.floor(Math.random() * 10_000) * 2;

/** A port of 127.0.0.1 that is free together with the one after it, and is given to nobody else of this process. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = next;
    next = port >= 31_000 ? 10_000 : port + 2;
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
