import { request } from 'node:http';
import type { Agent } from 'node:http';

import { readAnswer } from '../../support/who-answers.ts';
import type { Answer } from '../../support/who-answers.ts';
import { nowMs } from './sent-request.ts';
import type { Kind, SentRequest } from './sent-request.ts';

const postBody = '{"buy":1}';

/** Where a request goes, and how long it may take in all. Always to 127.0.0.1. */
export interface Destination {
  readonly port: number;
  readonly timeoutMs: number;
}

/** Sends one request, now. Never throws and never tries again: a failure is an answer too. */
export async function send(to: Destination, kind: Kind, agent: Agent, scheduledMs: number): Promise<SentRequest> {
  const startMs = nowMs();
  const answer = await ask(to, kind, agent);
  return { ...kind, scheduledMs, startMs, endMs: nowMs(), answer };
}

function ask({ port, timeoutMs }: Destination, { method }: Kind, agent: Agent): Promise<Answer> {
  return new Promise((resolve) => {
    const fail = (error: Error): void => {
      resolve({ kind: 'failure', why: error.message === '' ? error.name : error.message });
    };
    const asking = request({ host: '127.0.0.1', port, path: '/', method, agent }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('error', fail);
      response.on('end', () => {
        const { statusCode = 0 } = response;
        resolve(statusCode === 200 ? readAnswer(body) : { kind: 'failure', why: `status ${String(statusCode)}` });
      });
    });
    const limit = setTimeout(() => {
      asking.destroy(new Error(`no answer within ${String(timeoutMs / 1000)} s`));
    }, timeoutMs);
    asking.on('error', fail);
    asking.on('close', () => {
      clearTimeout(limit);
    });
    if (method === 'POST') asking.setHeader('Content-Type', 'application/json').end(postBody);
    else asking.end();
  });
}
