import { request } from 'node:http';

import { readAnswer } from '../support/who-answers.ts';

/** Long for an answer, short for an address that nobody has any more. */
const usualLimitMs = 3000;

/** What nginx answered. */
export interface Asked {
  readonly status: number;
  /** Who was asked last, as nginx says it: `address:port`. */
  readonly upstream: string;
  /** The container that answered by its own word; undefined where none of ours did. */
  readonly hostname: string | undefined;
  readonly body: string;
}

/** Asks once, on a connection of its own. Throws where there is no answer. */
export function ask(base: string, path: string, limitMs = usualLimitMs): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const asking = request(`${base}${path}`, { agent: false, timeout: limitMs }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('error', reject).on('end', () => {
        const header = response.headers['x-upstream'];
        const upstream = (typeof header === 'string' ? header : '').split(/[,:] /).at(-1) ?? '';
        const answer = readAnswer(body);
        const hostname = answer.kind === 'app' ? answer.hostname : undefined;
        resolve({ status: response.statusCode ?? 0, upstream: upstream.trim(), hostname, body });
      });
    });
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${String(limitMs / 1000)} s`)));
    asking.on('error', reject).end();
  });
}
