import * as z from 'zod';

import { printable } from '../core/printable.ts';
import { BadSetting } from './settings.ts';
import type { Settings } from './settings.ts';

/** What the running controller said. */
export interface Answer {
  readonly isOk: boolean;
  readonly text: string;
}

const errorSchema = z.object({ error: z.string() });

/** No controller could be asked, or it answered with an error. One line, ready to print. */
export class ControllerError extends Error {
  override readonly name = 'ControllerError';
}

/** Where the status server of a controller with these settings is reached from beside it. */
export function controllerAt({ status: { address = '127.0.0.1', port } }: Pick<Settings, 'status'>): string {
  return `${address === '0.0.0.0' ? '127.0.0.1' : address}:${String(port)}`;
}

/**
 * Where a person says that a controller answers: `PORT`, `HOST:PORT`, or the URL of a page it is served under. Throws
 * {@link BadSetting}.
 */
export function readAddress(text: string): string {
  const whole = /^[0-9]+$/.test(text) ? `127.0.0.1:${text}` : text;
  const url = URL.parse(whole.includes('://') ? whole : `http://${whole}`);
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (isWeb && url.username === '' && url.search === '' && url.hash === '') return whole;
  throw new BadSetting(
    `--address is "${printable(text)}"; allowed: PORT, HOST:PORT, or a URL such as https://host/lbwatch/`,
  );
}

/** A path of the controller that answers at an address, or under a URL. */
export function urlOf(at: string, path: string): string {
  return `${at.includes('://') ? at.replace(/\/+$/, '') : `http://${at}`}${path}`;
}

/** Asks the running controller. Throws {@link ControllerError} where nobody answers in time. */
export async function askController(at: string, path: string, timeoutMs: number, body?: unknown): Promise<Answer> {
  try {
    const response = await fetch(urlOf(at, path), {
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    return { isOk: response.ok, text: await response.text() };
  } catch (error) {
    throw new ControllerError(`no controller answers at ${at}: ${describe(error)}`, { cause: error });
  }
}

/** The same, and parses the answer. Throws {@link ControllerError} also with what the controller itself complains of. */
export async function command<T>(
  at: string,
  path: string,
  timeoutMs: number,
  body: unknown,
  schema: z.ZodType<T>,
): Promise<T> {
  const { isOk, text } = await askController(at, path, timeoutMs, body).catch((error: unknown) => {
    if (!(error instanceof ControllerError)) throw error;
    throw new ControllerError(
      `${error.message}; call it beside a running lbwatch run of this version (docker compose exec lbwatch lbwatch …), with its LBWATCH_STATUS`,
      { cause: error },
    );
  });
  const said = parseJson(text);
  const complaint = errorSchema.safeParse(said);
  if (complaint.success && !isOk) throw new ControllerError(complaint.data.error);
  const answer = schema.safeParse(said);
  if (isOk && answer.success) return answer.data;
  throw new ControllerError(`what answers at ${at} is no lbwatch of this version; check LBWATCH_STATUS`);
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `fetch` says only that it failed; its cause says why. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
