import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import type { Compose } from '../support/compose.ts';

/** Where a port of the stack comes from, in Compose's order: the environment, `.env`, the default. */
export interface PublishedPort {
  /** Such as `HTTP_PORT`. */
  readonly variable: string;
  /** Whose it is in the Compose file. */
  readonly service: string;
  /** As it is written: a number, or `address:number`. */
  readonly text: string;
  /** Whether a plain `docker compose` in the clone would choose another one. */
  readonly isFromEnvironmentOnly: boolean;
}

/** All that the stack publishes. */
export async function readPorts(directory: string): Promise<readonly PublishedPort[]> {
  return [
    await readPort(directory, { variable: 'HTTP_PORT', service: 'nginx' }, '80'),
    await readPort(directory, { variable: 'STATUS_PORT', service: 'lbwatch' }, '9180'),
  ];
}

async function readPort(
  directory: string,
  about: { readonly variable: string; readonly service: string },
  fallback: string,
): Promise<PublishedPort> {
  const remembered = (await readDotEnv(directory, about.variable)) ?? fallback;
  const text = process.env[about.variable] ?? '';
  return text === ''
    ? { ...about, text: remembered, isFromEnvironmentOnly: false }
    : { ...about, text, isFromEnvironmentOnly: text !== remembered };
}

/** Throws where somebody else listens on the port, naming the variable that changes it. */
export async function requireFreePort(port: PublishedPort, stack: Compose): Promise<void> {
  const { variable, service } = port;
  const number = Number(port.text.split(':').at(-1));
  if (!Number.isInteger(number) || number < 1 || number > 65535) {
    throw new Error(`${variable} is "${port.text}", which is no port; write a number from 1 to 65535`);
  }
  const holders = await listPublishers(stack, number);
  const ours = new Set((await stack.running(service)).map((container) => container.id));
  const strangers = holders.filter(({ id }) => !ours.has(id));
  // Our own from an earlier run: Compose keeps it or replaces it.
  if (holders.length > 0 && strangers.length === 0) return;
  const holder = strangers[0];
  if (holder !== undefined) throw new Error(describeBusy(variable, number, `container ${holder.name}`));
  if (await isTaken(number)) throw new Error(describeBusy(variable, number, 'another program'));
}

function describeBusy(variable: string, port: number, holder: string): string {
  const usual = variable === 'HTTP_PORT' ? 8080 : 9188;
  const other = port === usual ? usual + 1 : usual;
  return `port ${String(port)} is taken by ${holder}; choose another: ${variable}=${String(other)} npm run demo`;
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

async function readDotEnv(directory: string, variable: string): Promise<string | undefined> {
  try {
    const text = await readFile(join(directory, '.env'), 'utf8');
    return new RegExp(`^${variable}=["']?([^"'\\s#]+)`, 'm').exec(text)?.[1];
  } catch {
    // No file: nothing is remembered.
    return undefined;
  }
}
