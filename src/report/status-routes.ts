import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as z from 'zod';

import { mostListeners } from './live-stream.ts';
import type { LiveStream } from './live-stream.ts';
import { eventsSchema, statusSchema } from './status-document.ts';
import type { StatusText } from './status-text.ts';
import type { Timeline } from './timeline.ts';

/** What the routes tell. */
export interface StatusSources {
  readonly text: StatusText;
  readonly timeline: Timeline;
  readonly stream: LiveStream;
}

/** Schemas are served as they are; nothing is made of them at other times. */
const describeApi = (): Record<string, unknown> => {
  const json = z.toJSONSchema(z.object({ status: statusSchema, events: eventsSchema }));
  return { title: 'lbwatch: what api/status and api/events answer', ...json };
};

const querySchema = z.object({ after: z.coerce.number().int().nonnegative().optional() });

/** `api/status`, `api/events`, `api/stream` and `api/schema.json`: docs/api.md. They only tell. */
export function addStatusRoutes(server: FastifyInstance, { text, timeline, stream }: StatusSources): void {
  server.addHook('preClose', (done) => {
    stream.close();
    done();
  });

  server.get('/api/status', async (_request, reply) => {
    return reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send(text.read());
  });

  server.get('/api/events', async (request, reply) => {
    const after = readAfter(request);
    if (after === undefined) return reply.code(400).send(badAfter);
    return reply.header('cache-control', 'no-store').send({ events: timeline.after(after) });
  });

  let schema: Record<string, unknown> | undefined;
  server.get('/api/schema.json', async (_request, reply) => {
    schema ??= describeApi();
    return reply.type('application/schema+json; charset=utf-8').send(schema);
  });

  // Asked by HEAD it would never end.
  server.get('/api/stream', { exposeHeadRoute: false }, (request, reply) => {
    const after = readAfter(request);
    if (after === undefined) return reply.code(400).send(badAfter);
    if (stream.size >= mostListeners) {
      const error = `${String(mostListeners)} listen already, which is the most; ask api/status`;
      return reply.code(503).header('retry-after', '10').send({ error });
    }
    reply.headers(streamHeaders).hijack();
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value);
    }
    stream.add(reply.raw, after);
    return reply;
  });
}

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // nginx passes each event on at once.
  'x-accel-buffering': 'no',
};

const badAfter = { error: 'after takes the id of an event: a whole number, once' };

/** A browser that connects again says what it has seen; without either, everything that is kept is new. */
function readAfter({ query, headers }: FastifyRequest): number | undefined {
  const last = headers['last-event-id'];
  const parsed = querySchema.safeParse(last === undefined || last === '' ? query : { after: last });
  return parsed.success ? (parsed.data.after ?? 0) : undefined;
}
