import fastify from 'fastify';

import type { Outcome } from '../loop/outcome.ts';
import { AppError } from '../loop/ports.ts';

/** What the answers are made of, asked at each request. */
export interface Vitals {
  /** Undefined before the first pass has ended. */
  readonly outcome: () => Outcome | undefined;
  readonly isWatching: () => boolean;
}

/**
 * Answers `/healthz` (it can do its work: the engine and the shared directory are there) and `/readyz` (nginx runs what
 * it should, and the event stream is up). Answers a function that ends it.
 */
export async function startStatusServer(host: string, port: number, vitals: Vitals): Promise<() => Promise<void>> {
  const server = fastify({ logger: false, forceCloseConnections: true });
  server.get('/healthz', (_request, reply) => {
    const outcome = vitals.outcome();
    const isHealthy = outcome !== undefined && (outcome.kind !== 'unavailable' || outcome.what === 'nginx');
    return reply.code(isHealthy ? 200 : 503).send({ healthy: isHealthy, outcome: outcome?.kind ?? 'none yet' });
  });
  server.get('/readyz', (_request, reply) => {
    const outcome = vitals.outcome();
    const isReady = vitals.isWatching() && (outcome?.kind === 'applied' || outcome?.kind === 'unchanged');
    return reply.code(isReady ? 200 : 503).send({ ready: isReady, outcome: outcome?.kind ?? 'none yet' });
  });
  try {
    await server.listen({ host, port });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AppError('files', `cannot answer on ${host}:${String(port)}: ${why}; set LBWATCH_STATUS to a free port`, {
      cause: error,
    });
  }
  return () => server.close();
}
