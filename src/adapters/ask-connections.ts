import type { Connections } from '../loop/ports.ts';
import { ask } from './ask-digest.ts';

/**
 * Asks a running nginx for its counters (`stub_status`). Undefined when nobody answers, somebody else does, or it was built
 * without them.
 */
export async function askConnections(host: string, port: number): Promise<Connections | undefined> {
  const text = await ask(host, port, '/lbwatch/stub_status', /^([\s\S]*)$/);
  return text === undefined ? undefined : readStubStatus(text);
}

/** Undefined for anything but the four lines that nginx writes (nginx docs, ngx_http_stub_status_module). */
export function readStubStatus(text: string): Connections | undefined {
  const counters = /^Active connections: \d+ \nserver accepts handled requests\n (\d+) (\d+) (\d+) \n/.exec(text);
  const states = /\nReading: (\d+) Writing: (\d+) Waiting: (\d+) \n$/.exec(text);
  if (counters === null || states === null) return undefined;
  const [accepts, handled, requests] = counters.slice(1).map(Number);
  const [reading, writing, waiting] = states.slice(1).map(Number);
  const counts = { accepts, handled, requests, reading, writing, waiting };
  return isComplete(counts) ? counts : undefined;
}

function isComplete(counts: { readonly [Key in keyof Connections]: number | undefined }): counts is Connections {
  return Object.values(counts).every((count) => count !== undefined);
}
