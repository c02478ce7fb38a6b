import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as z from 'zod';

import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

/** What promtool says of its arguments and of a text on its standard input; throws where there is none to ask. */
export function promtool(
  words: readonly string[],
  input = '',
): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr, error } = spawnSync(find('promtool'), words, { input, encoding: 'utf8' });
  if (error !== undefined) throw missing(error);
  return { code: status, said: `${stdout}${stderr}` };
}

const answerSchema = z.object({ status: z.literal('success'), data: z.unknown() });
const vectorSchema = z.object({
  result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
});
const rulesSchema = z.object({
  groups: z.array(
    z.object({ rules: z.array(z.object({ name: z.string(), health: z.string(), lastError: z.string().optional() })) }),
  ),
});

/** A real Prometheus, with its data in a folder of its own. */
export class Prometheus {
  readonly #process: ChildProcess;
  readonly #port: number;
  readonly #folder: string;
  #said = '';

  private constructor(process: ChildProcess, port: number, folder: string) {
    this.#process = process;
    this.#port = port;
    this.#folder = folder;
    process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
  }

  /** Resolves when it is ready to be asked. */
  static async start(configurationPath: string): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'lbwatch-prometheus-'));
    const port = await freePort();
    const child = spawn(
      find('prometheus'),
      [
        `--config.file=${configurationPath}`,
        `--storage.tsdb.path=${folder}`,
        `--web.listen-address=127.0.0.1:${String(port)}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const failed = once(child, 'error').then(([error]: unknown[]) => {
      throw missing(error);
    });
    const prometheus = new Prometheus(child, port, folder);
    await Promise.race([failed, prometheus.#isReady()]);
    return prometheus;
  }

  /** The series of an expression at this moment. Throws where it is none that Prometheus understands. */
  async query(expression: string): Promise<z.infer<typeof vectorSchema>['result']> {
    return vectorSchema.parse(await this.#ask(`query?${new URLSearchParams({ query: expression }).toString()}`)).result;
  }

  /** Every rule that it has loaded. */
  async rules(): Promise<z.infer<typeof rulesSchema>['groups'][number]['rules']> {
    return rulesSchema.parse(await this.#ask('rules')).groups.flatMap(({ rules }) => rules);
  }

  async end(): Promise<void> {
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #isReady(): Promise<void> {
    await eventually(
      'Prometheus is ready',
      async () => {
        const { ok } = await fetch(`http://127.0.0.1:${String(this.#port)}/-/ready`);
        if (!ok) throw new Error(this.#said);
      },
      { withinMs: 30_000, everyMs: 50 },
    );
  }

  async #ask(what: string): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${String(this.#port)}/api/v1/${what}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`${decodeURIComponent(what)}: ${text}`);
    return answerSchema.parse(JSON.parse(text)).data;
  }
}

function find(name: string): string {
  return join(process.env['LAB_PROMETHEUS'] ?? '', name);
}

function missing(cause: unknown): Error {
  return new Error(
    'no Prometheus to ask: run the tests with "npm test", which gets one, or set LAB_PROMETHEUS to the folder of ' +
      'prometheus and promtool (apt-get download prometheus && dpkg -x prometheus_*.deb DIR is enough)',
    { cause },
  );
}
