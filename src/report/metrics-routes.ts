import type { FastifyInstance } from 'fastify';

/** What the route needs of the metrics; `Metrics` is it. */
export interface MetricsText {
  readonly contentType: string;
  readonly text: () => Promise<string>;
}

/** `/metrics`, for Prometheus to scrape. */
export function addMetricsRoutes(server: FastifyInstance, metrics: MetricsText): void {
  server.get('/metrics', async (_request, reply) => {
    return reply.type(metrics.contentType).send(await metrics.text());
  });
}
