import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';

import { findByName } from '../core/find-container.ts';
import type { Container, Drain, Membership } from '../core/model.ts';
import { printable } from '../core/printable.ts';
import { maxDrainMs, parseDurationMs } from '../core/values.ts';
import { Refusal } from '../loop/drainer.ts';
import type { DrainStatus } from '../loop/drainer.ts';
import { AppError } from '../loop/ports.ts';

/** What the routes need of the loop; the `Drainer` is it. */
export interface DrainDesk {
  find(wanted: string): Promise<Container>;
  findByAddress(address: string): Promise<Container | undefined>;
  drain(container: Container, kind: Drain['kind']): Promise<void>;
  undrain(container: Container, by: Drain['kind']): Promise<readonly Membership[]>;
  status(container: Container): Promise<DrainStatus>;
  awaitQuiet(container: Container, withinMs: number, signal: AbortSignal): Promise<DrainStatus>;
}

/** Who asks, about which container. */
interface Question {
  readonly container: Container;
  readonly kind: Drain['kind'];
}

const bodyLimit = 4096;

const bodySchema = z.object({ container: z.string().min(1) }).optional();
const querySchema = z.object({ container: z.string().min(1).optional(), wait: z.string().optional() });

const statusCodes: Readonly<Record<Refusal['kind'], number>> = {
  ambiguous: 400,
  'not yours': 403,
  unknown: 404,
  'no member': 409,
  unavailable: 503,
  late: 504,
};

/** A request that no repetition makes right. */
class BadRequest extends Error {}

/**
 * `POST /drain`, `POST /undrain`, `GET /drain`. From the controller's own network namespace (`docker compose exec lbwatch
 * …`) any container may be named; from elsewhere a container speaks for itself only, known by the address it calls from.
 */
export function addDrainRoutes(server: FastifyInstance, desk: DrainDesk): void {
  // `curl -X POST` sends no type, `wget --post-data=` that of a form: both mean an empty body.
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    if (body === '') done(null, undefined);
    else done(new BadRequest('send JSON, with content-type: application/json'));
  });
  server.setErrorHandler((error: FastifyError, _request, reply) => {
    return reply.code(toStatusCode(error)).send({ error: error.message });
  });

  server.post('/drain', { bodyLimit }, async (request, reply) => {
    const { wait } = readQuery(request);
    const waitMs = wait === undefined ? undefined : readWaitMs(wait);
    const { container, kind } = await readQuestion(request, desk, readBody(request));
    await desk.drain(container, kind);
    const status =
      waitMs === undefined ? await desk.status(container) : await desk.awaitQuiet(container, waitMs, signalOf(reply));
    return { ...toJson(container, status), message: describe(container, status, wait) };
  });

  server.post('/undrain', { bodyLimit }, async (request) => {
    const { container, kind } = await readQuestion(request, desk, readBody(request));
    const pools = (await desk.undrain(container, kind)).map(({ pool, state, reason }) => ({ pool, state, reason }));
    return { container: container.name, drained: false, pools };
  });

  server.get('/drain', async (request) => {
    const { container } = await readQuestion(request, desk, readQuery(request).container);
    return toJson(container, await desk.status(container));
  });
}

/** Throws a {@link Refusal} for who may not ask that. */
async function readQuestion(request: FastifyRequest, desk: DrainDesk, wanted: string | undefined): Promise<Question> {
  const { remoteAddress = '', localAddress } = request.socket;
  // An address calls itself within one network namespace only.
  if (remoteAddress.startsWith('127.') || remoteAddress === localAddress) {
    if (wanted === undefined) throw new BadRequest('name the container: { "container": "<name or id>" }');
    return { container: await desk.find(wanted), kind: 'drained' };
  }
  const own = await desk.findByAddress(remoteAddress);
  if (own === undefined) {
    throw new Refusal(
      'not yours',
      `${remoteAddress} belongs to no container that lbwatch shares a network with; call from beside the controller: docker compose exec lbwatch lbwatch drain NAME`,
    );
  }
  if (wanted !== undefined && findByName([own], wanted).length === 0) {
    throw new Refusal(
      'not yours',
      `${printable(own.name)} may only speak for itself; for ${printable(wanted)} call from beside the controller: docker compose exec lbwatch lbwatch drain NAME`,
    );
  }
  return { container: own, kind: 'withdrawn' };
}

function readBody({ body }: FastifyRequest): string | undefined {
  const parsed = bodySchema.safeParse(body ?? undefined);
  if (parsed.success) return parsed.data?.container;
  throw new BadRequest('the body must be { "container": "<name or id>" }');
}

function readQuery({ query }: FastifyRequest): z.infer<typeof querySchema> {
  const parsed = querySchema.safeParse(query);
  if (parsed.success) return parsed.data;
  throw new BadRequest('the query takes container=NAME and wait=DURATION, each once');
}

function readWaitMs(text: string): number {
  const parsed = parseDurationMs(text, 0, maxDrainMs);
  if (parsed.ok) return parsed.value;
  throw new BadRequest(`wait is "${printable(text)}"; write ${parsed.expected}`);
}

/** Aborted when the caller hangs up, or the server ends. */
function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.on('close', () => {
    controller.abort();
  });
  return controller.signal;
}

function toJson({ name }: Container, { isDrained, isAcknowledged, connections, drainMs }: DrainStatus) {
  return {
    container: name,
    drained: isDrained,
    acknowledged: isAcknowledged,
    connections: connections ?? null,
    drainMs,
  };
}

function describe({ name }: Container, { isDrained, connections }: DrainStatus, wait: string | undefined): string {
  const who = printable(name);
  if (!isDrained) return `the drain of ${who} has ended`;
  if (connections === undefined) return `${who} is drained; how many connections nginx still has to it cannot be told`;
  if (connections === 0) return `${who} is drained; nginx has no connection to it`;
  const left = `${String(connections)} ${connections === 1 ? 'connection' : 'connections'}`;
  return wait === undefined
    ? `${who} is drained; nginx still has ${left} to it`
    : `${who} is drained, but the time is up (${wait}): nginx still has ${left} to it`;
}

function toStatusCode(error: FastifyError): number {
  if (error instanceof Refusal) return statusCodes[error.kind];
  if (error instanceof AppError) return 503;
  return error instanceof BadRequest ? 400 : (error.statusCode ?? 500);
}
