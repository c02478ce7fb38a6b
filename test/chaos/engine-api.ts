import { request } from 'node:http';

import * as z from 'zod';

const limitMs = 30_000;

/** What the run reads of `GET /containers/{id}/json`. */
const inspectedSchema = z.object({
  Id: z.string(),
  Name: z.string(),
  Created: z.string(),
  State: z.object({
    Status: z.string(),
    Pid: z.number(),
    StartedAt: z.string(),
    Health: z.object({ Status: z.string() }).nullish(),
  }),
  Config: z.object({
    Hostname: z.string(),
    Labels: z.record(z.string(), z.string()).nullable(),
    Env: z.array(z.string()).nullable(),
    ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
  }),
  NetworkSettings: z.object({ Networks: z.record(z.string(), z.object({ IPAddress: z.string() })) }),
});
export type Inspected = z.infer<typeof inspectedSchema>;

const listSchema = z.array(z.object({ Id: z.string() }));
const idSchema = z.object({ Id: z.string() });

/** The engine refused; its own words are the message. */
export class EngineRefusal extends Error {
  readonly status: number;

  constructor(what: string, status: number, body: string) {
    super(`${what}: ${String(status)} ${body.trim().slice(0, 300)}`);
    this.status = status;
  }
}

/** The Engine API at its own socket, without lbwatch's client in between: the run must not share its mistakes. */
export class EngineApi {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Every container on the engine, in all states. */
  async inspectAll(): Promise<readonly Inspected[]> {
    const ids = listSchema.parse(await this.#json('GET', '/containers/json?all=1'));
    return Promise.all(ids.map(({ Id }) => this.inspect(Id)));
  }

  async inspect(container: string): Promise<Inspected> {
    return inspectedSchema.parse(await this.#json('GET', `/containers/${container}/json`));
  }

  /** Answers the new container's id. */
  async create(name: string, body: unknown): Promise<string> {
    return idSchema.parse(await this.#json('POST', `/containers/create?name=${name}`, body)).Id;
  }

  /** Throws an {@link EngineRefusal} for what the engine does not do; that it was so already is none. */
  async post(path: string, body?: unknown): Promise<void> {
    await this.#call('POST', path, body);
  }

  async remove(container: string): Promise<void> {
    await this.#call('DELETE', `/containers/${container}?force=1&v=1`);
  }

  async ping(): Promise<void> {
    await this.#call('GET', '/_ping');
  }

  async #json(method: string, path: string, body?: unknown): Promise<unknown> {
    const parsed: unknown = JSON.parse(await this.#call(method, path, body));
    return parsed;
  }

  #call(method: string, path: string, body?: unknown): Promise<string> {
    const payload = body === undefined ? '' : JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
    return new Promise((resolve, reject) => {
      const asking = request(
        { socketPath: this.#socketPath, method, path, headers, agent: false, timeout: limitMs },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response.on('error', reject).on('end', () => {
            const status = response.statusCode ?? 0;
            if (status < 400) resolve(text);
            else reject(new EngineRefusal(`${method} ${path}`, status, text));
          });
        },
      );
      asking.on('timeout', () => asking.destroy(new Error(`${method} ${path}: no answer within 30 s`)));
      asking.on('error', reject).end(payload);
    });
  }
}
