import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';

import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';

import { addPageRoutes } from '../../src/report/page-routes.ts';
import type { StatusDocument, TimelineEvent } from '../../src/report/status-document.ts';
import { buildPage } from './built-page.ts';
import { freePort } from './free-port.ts';

/**
 * Serves the real page, and `api/stream` with what a test makes up: a real HTTP server that can go away and come back at the
 * same port, as a controller that is restarted does.
 */
export class FakeStatusServer {
  /** Where the page is, with a slash at its end. */
  readonly url: string;
  readonly #port: number;
  readonly #prefix: string;
  readonly #streams = new Set<ServerResponse>();
  #server: FastifyInstance | undefined;
  /** In its place, while it is away. */
  #gateway: Server | undefined;
  #status: StatusDocument;
  #events: readonly TimelineEvent[] = [];
  /** The `after` of each time that the stream was opened. */
  readonly opened: number[] = [];

  private constructor(port: number, prefix: string, status: StatusDocument) {
    this.#port = port;
    this.#prefix = prefix;
    this.#status = status;
    this.url = `http://127.0.0.1:${String(port)}${prefix}/`;
  }

  /** @param prefix such as `/ops/lb`: all it serves is below that, and nothing elsewhere */
  static async start(status: StatusDocument, prefix = ''): Promise<FakeStatusServer> {
    const fake = new FakeStatusServer(await freePort(), prefix, status);
    await fake.comeBack();
    return fake;
  }

  show(status: StatusDocument): void {
    this.#status = status;
    for (const stream of this.#streams) stream.write(renderMessage('status', status));
  }

  tell(...events: readonly TimelineEvent[]): void {
    this.#events = [...this.#events, ...events];
    for (const stream of this.#streams) for (const event of events) stream.write(renderMessage('timeline', event));
  }

  get connections(): number {
    return this.#streams.size;
  }

  /** Ends all connections and refuses new ones. */
  async goAway(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
    const gateway = this.#gateway;
    this.#gateway = undefined;
    gateway?.closeAllConnections();
    if (gateway !== undefined) await new Promise((resolve) => gateway.close(resolve));
    this.#streams.clear();
  }

  async comeBack(): Promise<void> {
    await this.goAway();
    const server = fastify({ logger: false, forceCloseConnections: true });
    server.register(
      (scope, _options, done) => {
        addPageRoutes(scope, buildPage);
        scope.get('/api/stream', (request, reply) => {
          reply.hijack();
          this.#open(reply.raw, Number(new URL(request.url, this.url).searchParams.get('after')));
        });
        done();
      },
      { prefix: this.#prefix },
    );
    await server.listen({ host: '127.0.0.1', port: this.#port });
    this.#server = server;
  }

  /** Answers everything with 502, as a proxy does whose lbwatch is gone, until it comes back. */
  async answerBadGateway(): Promise<void> {
    await this.goAway();
    const gateway = createServer((_request, response) => response.writeHead(502).end('bad gateway'));
    this.#gateway = gateway;
    await new Promise<void>((resolve) => {
      gateway.listen(this.#port, '127.0.0.1', resolve);
    });
  }

  #open(response: ServerResponse, after: number): void {
    this.opened.push(after);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(renderMessage('status', this.#status));
    for (const event of this.#events) if (event.id > after) response.write(renderMessage('timeline', event));
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
  }
}

function renderMessage(name: string, data: StatusDocument | TimelineEvent): string {
  const id = 'kind' in data ? `id: ${String(data.id)}\n` : '';
  return `event: ${name}\n${id}data: ${JSON.stringify(data)}\n\n`;
}
