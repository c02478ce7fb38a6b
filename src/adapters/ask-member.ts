import { request } from 'node:http';
import { connect } from 'node:net';

import { codeOf } from '../core/error-words.ts';
import type { Answer, Question } from '../core/probe.ts';

/**
 * Asks one member once whether it can serve: a TCP connection that is closed at once; a GET that must be answered with 2xx
 * or 3xx within the time limit, of which the body is not read; or a request that anything will do for, also that the
 * connection is closed.
 */
export function askMember({ address, check, timing: { timeoutMs } }: Question): Promise<Answer> {
  switch (check.kind) {
    case 'tcp':
      return askTcp(address, timeoutMs);
    case 'http':
      return askHttp(address, check.path, timeoutMs);
    case 'reply':
      return askReply(address, timeoutMs);
  }
}

function askTcp(address: string, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ ...splitAddress(address), timeout: timeoutMs });
    const finish = (answer: Answer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => {
      finish({ kind: 'ok', why: 'its port answers' });
    });
    socket.on('timeout', () => {
      finish({ kind: 'failed', why: `no connection to ${address} within ${String(timeoutMs)} ms` });
    });
    socket.on('error', (error) => {
      finish(describeError(error, address));
    });
  });
}

/**
 * OPTIONS asks for nothing but what could be asked: servers answer it by themselves, or refuse it. HAProxy's checks use it for
 * that reason (its manual, `option httpchk`).
 */
function askReply(address: string, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect(splitAddress(address));
    let isConnected = false;
    const limit = setTimeout(() => {
      const silence = `accepts connections and answers nothing within ${String(timeoutMs)} ms`;
      const answer = { kind: 'failed', why: `no connection to ${address} within ${String(timeoutMs)} ms` } as const;
      finish(isConnected ? { kind: 'silent', why: silence } : answer);
    }, timeoutMs);
    const finish = (answer: Answer): void => {
      clearTimeout(limit);
      socket.destroy();
      resolve(answer);
    };
    const reply = (): void => {
      finish({ kind: 'replied', why: 'its port answers' });
    };
    socket.on('connect', () => {
      isConnected = true;
      socket.write(`OPTIONS / HTTP/1.1\r\nHost: ${address}\r\nUser-Agent: lbwatch\r\nConnection: close\r\n\r\n`);
    });
    socket.on('data', reply).on('end', reply);
    socket.on('error', (error) => {
      // Whoever breaks off a connection that it had is alive.
      if (isConnected) reply();
      else finish(describeError(error, address));
    });
  });
}

function askHttp(address: string, path: string, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const { host, port } = splitAddress(address);
    const asking = request({
      host,
      port,
      path,
      agent: false,
      headers: { connection: 'close', 'user-agent': 'lbwatch' },
    });
    // Of the whole answer's head, not of each silence.
    const limit = setTimeout(() => {
      finish({ kind: 'failed', why: `${path} did not answer within ${String(timeoutMs)} ms` });
    }, timeoutMs);
    const finish = (answer: Answer): void => {
      clearTimeout(limit);
      asking.destroy();
      resolve(answer);
    };
    asking.on('response', ({ statusCode = 0 }) => {
      const isOk = statusCode >= 200 && statusCode < 400;
      finish({ kind: isOk ? 'ok' : 'failed', why: `${path} answered ${String(statusCode)}` });
    });
    asking.on('error', (error) => {
      finish(describeError(error, address));
    });
    asking.end();
  });
}

function describeError(error: Error, address: string): Answer {
  const code = codeOf(error);
  if (code === 'ECONNREFUSED') return { kind: 'refused', why: `nothing listens on ${address} yet` };
  return { kind: 'failed', why: `${address} cannot be asked (${typeof code === 'string' ? code : error.message})` };
}

function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}
