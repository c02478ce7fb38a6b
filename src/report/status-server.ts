import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';

import { messageOf } from '../core/error-words.ts';
import { printable, printableJson } from '../core/printable.ts';
import type { Outcome } from '../loop/outcome.ts';
import { AppError } from '../loop/ports.ts';
import { addDrainRoutes } from './drain-routes.ts';
import type { DrainDesk } from './drain-routes.ts';
import { isOwnName } from './host-guard.ts';
import { addMetricsRoutes } from './metrics-routes.ts';
import type { MetricsText } from './metrics-routes.ts';
import { addPageRoutes, bundledPage } from './page-routes.ts';
import { addStatusRoutes } from './status-routes.ts';
import type { StatusSources } from './status-routes.ts';

/** What the answers are made of, asked at each request. */
interface Vitals {
  /** Undefined before the first pass has ended. */
  readonly outcome: () => Outcome | undefined;
  /** Since when what nginx runs may not be the truth; undefined while it is. */
  readonly staleSince: () => Date | undefined;
}

/** Where the server answers. */
export interface StatusAddress {
  readonly host: string;
  readonly port: number;
  /** The names that it may be called by, beside those that {@link isOwnName} knows; in lower case. */
  readonly names: readonly string[];
}

/** What is told there, and who is asked for drains. */
export interface StatusParts {
  readonly vitals: Vitals;
  readonly desk: DrainDesk;
  readonly sources: StatusSources;
  readonly metrics: MetricsText;
}

/**
 * So many connections at once; further ones are closed unheard. Far beyond those who listen and scrape, and what is left
 * over is for the hooks of hundreds of containers that stop together. Without a limit, whoever reaches the port could take
 * the file descriptors that the work needs.
 */
export const mostConnections = 500;

/**
 * The one HTTP server of the controller: how it is (`/healthz`, `/readyz`), what it knows (`/api` and the page), metrics, and
 * drains. Answers a function that ends it, with whoever is still waiting for an answer.
 */
export async function startStatusServer(
  { host, port, names }: StatusAddress,
  { vitals, desk, sources, metrics }: StatusParts,
): Promise<() => Promise<void>> {
  const server = fastify({ logger: false, forceCloseConnections: true });
  server.server.maxConnections = mostConnections;
  server.setReplySerializer((payload) => printableJson(JSON.stringify(payload)));
  // Names in the answers are foreign text: nobody shall take them for a page.
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    // No page of another origin gets hold of an answer, not even as a script or an image.
    reply.header('cross-origin-resource-policy', 'same-origin');
    const { host: calledBy } = request.headers;
    if (isOwnName(calledBy, names)) return;
    const shown = printable(calledBy ?? '');
    const error = `called as ${shown}, which is no name of this server; add it to LBWATCH_STATUS_NAMES if it is`;
    await reply.code(421).send({ error });
  });
  addVitalRoutes(server, vitals);
  addStatusRoutes(server, sources);
  addDrainRoutes(server, desk);
  addMetricsRoutes(server, metrics);
  const readPage = bundledPage();
  if (readPage !== undefined) addPageRoutes(server, readPage);
  try {
    await server.listen({ host, port });
  } catch (error) {
    throw new AppError(
      'files',
      `cannot answer on ${host}:${String(port)}: ${messageOf(error)}; set LBWATCH_STATUS to a free port`,
      { cause: error },
    );
  }
  return () => server.close();
}

/**
 * `/healthz`: it can do its work, since the engine and the shared directory are there. `/readyz`: nginx runs what it
 * should, and the event stream is up. Both say since when that may not be so.
 */
function addVitalRoutes(server: FastifyInstance, vitals: Vitals): void {
  server.get('/healthz', (_request, reply) => {
    const outcome = vitals.outcome();
    const isHealthy = outcome !== undefined && (outcome.kind !== 'unavailable' || outcome.what === 'nginx');
    return reply.code(isHealthy ? 200 : 503).send({ healthy: isHealthy, ...describe(vitals) });
  });
  server.get('/readyz', (_request, reply) => {
    const isReady = vitals.staleSince() === undefined;
    return reply.code(isReady ? 200 : 503).send({ ready: isReady, ...describe(vitals) });
  });
}

function describe({ outcome, staleSince }: Vitals): { readonly outcome: string; readonly staleSince: string | null } {
  return { outcome: outcome()?.kind ?? 'none yet', staleSince: staleSince()?.toISOString() ?? null };
}
