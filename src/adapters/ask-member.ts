import { request } from 'node:http';
import { connect } from 'node:net';

import { codeOf } from '../core/error-words.ts';
import type { Answer, Probe } from '../core/probe.ts';

/**
 * Asks one member once whether it can serve: a TCP connection that is closed at once, or a GET that must be answered
 * with 2xx or 3xx within the time limit. The answer's body is not read.
 */
export function askMember(probe: Probe): Promise<Answer> {
  const { check, timing } = probe;
  return check.kind === 'tcp'
    ? askTcp(probe.address, timing.timeoutMs)
    : askHttp(probe.address, check.path, timing.timeoutMs);
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
