import { request } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** For the whole of an answer: one that comes drop by drop is none. */
const timeoutMs = 1000;
const headers = { connection: 'close' };
const maxAnswerBytes = 1024;

/**
 * Asks a running nginx for the digest it serves, over a connection of its own. Undefined when nobody answers, or
 * somebody else does.
 */
export function askDigest(host: string, port: number): Promise<string | undefined> {
  return ask(host, port, '/lbwatch/digest', /^([0-9a-f]{64})\n$/);
}

/** Asks a running nginx for its version, such as `1.26.3`. Undefined as with {@link askDigest}. */
export function askVersion(host: string, port: number): Promise<string | undefined> {
  return ask(host, port, '/lbwatch/version', /^(\d{1,4}\.\d{1,4}\.\d{1,4})\n$/);
}

/** Asks for another of lbwatch's own answers; what the expression captures first is told, undefined as with {@link askDigest}. */
export function ask(host: string, port: number, path: string, answer: RegExp): Promise<string | undefined> {
  return new Promise((resolve) => {
    // No agent: it would be one for this connection alone.
    const createConnection = (): Socket => connect(port, host);
    const asking = request({ host, port, path, createConnection, headers }, (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > maxAnswerBytes) response.destroy();
      });
      response.on('close', () => {
        clearTimeout(limit);
        resolve(response.statusCode === 200 ? answer.exec(text)?.[1] : undefined);
      });
    });
    const limit = setTimeout(() => asking.destroy(), timeoutMs);
    asking.on('error', () => {
      clearTimeout(limit);
      resolve(undefined);
    });
    asking.end();
  });
}
