import { request } from 'node:http';
import { text as readText } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import * as z from 'zod';

import { eventsSchema, statusSchema } from '../../src/report/status-document.ts';
import { container } from '../support/container.ts';
import '../support/native-errors.ts';
import { StatusLab } from '../support/status-lab.ts';

let lab: StatusLab;
let base: string;
let stop: () => Promise<void>;
beforeEach(async () => {
  lab = new StatusLab();
  ({ base, stop } = await lab.serve(['status.example.org']));
});
afterEach(() => stop());

const ask = (path: string, options?: RequestInit): Promise<Response> => fetch(`${base}${path}`, options);

describe('api/status and api/events', () => {
  test('tell how it is and what happened', async () => {
    lab.report({ kind: 'watching' });
    lab.pass([container({ labels: { 'lb.pool': 'app' } })]);
    const status = await ask('/api/status');
    expect(status.status).toBe(200);
    expect(status.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(statusSchema.parse(await status.json())).toEqual(lab.board.read());
    const events = eventsSchema.parse(await (await ask('/api/events')).json()).events;
    expect(events).toEqual(lab.timeline.after(0));
    expect(events.length).toBeGreaterThan(1);
    const later = await ask(`/api/events?after=${String(events[0]?.id)}`);
    expect(eventsSchema.parse(await later.json()).events).toEqual(events.slice(1));
  });

  test.each(['-1', 'x', '1.5', '1&after=2', '1e999'])('after=%s is refused', async (after) => {
    for (const path of ['events', 'stream']) {
      const answer = await ask(`/api/${path}?after=${after}`);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({ error: expect.stringContaining('whole number') });
    }
  });

  test('nobody writes there', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      for (const path of ['status', 'events', 'stream', 'schema.json']) {
        expect((await ask(`/api/${path}`, { method })).status).toBe(404);
      }
    }
  });

  test('the schema says what they answer, and admits nothing else', async () => {
    const answer = await ask('/api/schema.json');
    expect(answer.headers.get('content-type')).toBe('application/schema+json; charset=utf-8');
    const schema: unknown = await answer.json();
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' });
    // Read back by zod, it accepts what is told and refuses what is not.
    const read = z.fromJSONSchema(z.record(z.string(), z.json()).parse(schema));
    lab.pass([container({ labels: { 'lb.pool': 'app' } })]);
    const said = { status: lab.board.read(), events: { events: lab.timeline.after(0) } };
    expect(read.safeParse(said).error).toBeUndefined();
    expect(read.safeParse({ ...said, status: { ...said.status, stream: 'sideways' } }).success).toBe(false);
    expect(read.safeParse({ ...said, status: { ...said.status, more: 1 } }).success).toBe(false);
  });
});

describe('hostile text', () => {
  const name = 'a"</script><script>alert(1)</script>\u001b]0;owned\u0007\u202e\u2028\n\nevent: status';

  test('is escaped JSON wherever it comes, and begins no line of a stream', async () => {
    lab.pass([container({ name, labels: { 'lb.pool': 'app', 'lb.weight': name } })], { notes: [name] });
    const controller = new AbortController();
    const stream = await ask('/api/stream', { signal: controller.signal });
    const streamed = await readSome(stream, 'event: timeline');
    controller.abort();
    const texts = [await (await ask('/api/status')).text(), await (await ask('/api/events')).text(), streamed];
    for (const said of texts) {
      expect(said).toContain('<script>');
      expect(said).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
    }
    expect(streamed.split('\n').filter((line) => /^(?:event|data|id|retry)?:/.test(line) || line === '')).toEqual(
      streamed.split('\n'),
    );
    expect(streamed.match(/^event: status$/gm)).toHaveLength(1);
  });

  test('no answer can be taken for a page, or be read by one of another origin', async () => {
    for (const path of ['/api/status', '/api/events', '/api/schema.json', '/api/stream', '/nothing', '/healthz']) {
      const controller = new AbortController();
      const { headers } = await ask(path, { signal: controller.signal });
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('content-type')).not.toContain('html');
      controller.abort();
    }
  });
});

describe('called by a name', () => {
  test.each([
    ['evil.example', 421],
    ['evil.example:9180', 421],
    ['status.example.org', 200],
    ['lbwatch:9180', 200],
  ])('%s: %i', async (host, code) => {
    for (const path of ['/api/status', '/api/schema.json']) {
      const { status, body } = await askAs(path, host);
      expect(status).toBe(code);
      if (code === 421) expect(body).toContain(`called as ${host}, which is no name of this server`);
    }
    expect((await askAs('/drain', host, 'POST')).status).not.toBe(code === 421 ? 200 : 421);
    if (code === 421) expect((await askAs('/drain', host, 'POST')).status).toBe(421);
  });
});

/** Reads a stream until this text and the end of its event have come. */
async function readSome({ body }: Response, until: string): Promise<string> {
  let read = '';
  if (body === null) return read;
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    read += text;
    if (read.includes(until) && read.endsWith('\n\n')) break;
  }
  return read;
}

/** `fetch` sets Host by itself. */
function askAs(
  path: string,
  host: string,
  method = 'GET',
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(`${base}${path}`, { method, headers: { host } }, (response) => {
      readText(response).then((body) => {
        resolve({ status: response.statusCode ?? 0, body });
      }, reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}
