import { Readable } from 'node:stream';

import type Docker from 'dockerode';

/** What docker-modem, below dockerode, takes; the types leave it open (docker-modem, README and `lib/modem.js`). */
interface Modem {
  readonly dial: (
    request: {
      readonly path: string;
      readonly method: 'GET';
      readonly options: object;
      readonly abortSignal: AbortSignal;
      readonly isStream: true;
      readonly statusCodes: Readonly<Record<number, true>>;
    },
    callback: (error: unknown, answer: unknown) => void,
  ) => void;
}

/**
 * The answer to a question as it comes, where dockerode itself would read all of it first. Rejects like dockerode's own
 * calls: where the engine refuses, with its words and `statusCode`.
 *
 * @param path with a `?` at its end
 * @param abortSignal ends the question; who reads the answer has to see to that as well
 */
export function openAnswer(
  { modem }: { readonly modem: Docker['modem'] },
  path: string,
  options: object,
  abortSignal: AbortSignal,
): Promise<Readable> {
  const known: unknown = modem;
  return new Promise((resolve, reject) => {
    if (!isModem(known)) throw new TypeError('this dockerode has another modem');
    const request = { path, method: 'GET', options, abortSignal, isStream: true, statusCodes: { 200: true } } as const;
    known.dial(request, (error, answer) => {
      if (answer instanceof Readable) resolve(answer);
      else reject(error instanceof Error ? error : new Error('there is no answer'));
    });
  });
}

function isModem(modem: unknown): modem is Modem {
  return typeof modem === 'object' && modem !== null && 'dial' in modem && typeof modem.dial === 'function';
}
