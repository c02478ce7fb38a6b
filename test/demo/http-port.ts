import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import type { Compose } from '../support/compose.ts';

/** Where the stack's port comes from, in Compose's order: the environment, `.env`, the default. */
export interface HttpPort {
  /** As it is written: a number, or `address:number`. */
  readonly text: string;
  /** Whether a plain `docker compose` in the clone would choose another one. */
  readonly isFromEnvironmentOnly: boolean;
}

export async function readHttpPort(directory: string): Promise<HttpPort> {
  const remembered = (await readDotEnv(directory)) ?? '80';
  const text = process.env['HTTP_PORT'] ?? '';
  return text === ''
    ? { text: remembered, isFromEnvironmentOnly: false }
    : { text, isFromEnvironmentOnly: text !== remembered };
}

/** Throws where somebody else listens on the port, naming the variable that changes it. */
export async function requireFreePort(port: HttpPort, stack: Compose): Promise<void> {
  const number = Number(port.text.split(':').at(-1));
  if (!Number.isInteger(number) || number < 1 || number > 65535) {
    throw new Error(`HTTP_PORT is "${port.text}", which is no port; write a number from 1 to 65535`);
  }
  const holders = await listPublishers(stack, number);
  const ours = new Set((await stack.running('nginx')).map((container) => container.id));
  const strangers = holders.filter(({ id }) => !ours.has(id));
  // Our own from an earlier run: Compose keeps it or replaces it.
  if (holders.length > 0 && strangers.length === 0) return;
  const holder = strangers[0];
  if (holder !== undefined) throw new Error(describeBusy(number, `container ${holder.name}`));
  if (await isTaken(number)) throw new Error(describeBusy(number, 'another program'));
}

function describeBusy(port: number, holder: string): string {
  const other = port === 8080 ? 8081 : 8080;
  return `port ${String(port)} is taken by ${holder}; choose another: HTTP_PORT=${String(other)} npm run demo`;
}

async function listPublishers(
  stack: Compose,
  port: number,
): Promise<readonly { readonly id: string; readonly name: string }[]> {
  const format = '{{.ID}}\t{{.Names}}';
  const { stdout } = await stack.docker('ps', '--no-trunc', '--filter', `publish=${String(port)}`, '--format', format);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t'))
    .map(([id = '', name = '']) => ({ id, name }));
}

/** Whether listening fails. Where we may not listen on a low port (not root), Docker finds out. */
function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', (error) => {
      resolve('code' in error && error.code === 'EADDRINUSE');
    });
    server.listen({ port, host: '0.0.0.0' }, () => {
      server.close(() => {
        resolve(false);
      });
    });
  });
}

async function readDotEnv(directory: string): Promise<string | undefined> {
  try {
    const text = await readFile(join(directory, '.env'), 'utf8');
    return /^HTTP_PORT=["']?([^"'\s#]+)/m.exec(text)?.[1];
  } catch {
    // No file: nothing is remembered.
    return undefined;
  }
}
