import { mkdir, readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';

import * as z from 'zod';

import { codeOf, messageOf } from '../core/error-words.ts';
import type { Container } from '../core/model.ts';
import { AppError } from '../loop/ports.ts';
import type { Seen, SeenStore } from '../loop/ports.ts';
import { describeFileError, writeAtomically } from './write-atomic.ts';

/** A member takes half a kilobyte. */
const maxBytes = 32 * 1024 * 1024;

const protocol = z.enum(['tcp', 'udp', 'sctp']);
const port = z.number().int().min(1).max(65_535);
const address = z.string().refine((text) => isIP(text) !== 0);

/** What {@link Container} is, and nothing else: the folder is nginx's, too. */
const containerSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string().max(256),
  createdAt: z.number(),
  state: z.literal('running'),
  health: z.enum(['none', 'starting', 'healthy', 'unhealthy']),
  labels: z.record(z.string(), z.string()),
  attachments: z.array(z.strictObject({ network: z.string(), address: address.optional() })),
  exposedPorts: z.array(z.strictObject({ port, protocol })),
  portVariable: port.optional(),
  node: z.string().max(256).optional(),
  published: z
    .strictObject({
      address,
      ports: z.array(z.strictObject({ port, protocol, hostPort: port, hostAddress: z.string().optional() })),
    })
    .optional(),
});

/** The folder `seen` in the shared directory: a file for each of several engines. */
export class SeenFolder implements SeenStore {
  readonly #path: string;

  /** @param directory the one shared with nginx (LBWATCH_DIR) */
  constructor(directory: string) {
    this.#path = join(directory, 'seen');
  }

  async read(engine: string): Promise<Seen> {
    const path = this.#pathOf(engine);
    const unusable = (why: string): Seen => ({
      containers: undefined,
      note: `${path} is ignored: ${why}; it is written anew when the engine answers`,
    });
    try {
      const status = await stat(path);
      // A pipe would never end.
      if (!status.isFile() || status.size > maxBytes) return unusable('it is no file of lbwatch');
      const parsed = z.array(containerSchema).safeParse(JSON.parse(await readFile(path, 'utf8')));
      if (!parsed.success) return unusable('its content is damaged');
      // Absent and undefined are one in JSON.
      return {
        containers: parsed.data.map((one) => ({
          portVariable: undefined,
          ...one,
          attachments: one.attachments.map((two) => ({ address: undefined, ...two })),
        })),
        note: undefined,
      };
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return { containers: undefined, note: undefined };
      return unusable(error instanceof SyntaxError ? 'its content is damaged' : messageOf(error));
    }
  }

  async write(engine: string, containers: readonly Container[]): Promise<void> {
    const path = this.#pathOf(engine);
    try {
      // Not recursive: a shared directory that is missing must be mounted, not made.
      await mkdir(this.#path, { mode: 0o755 }).catch((error: unknown) => {
        if (codeOf(error) !== 'EEXIST') throw error;
      });
      await writeAtomically(path, `${JSON.stringify(containers)}\n`);
    } catch (error) {
      throw new AppError(
        'files',
        `cannot write ${path}: ${describeFileError(error)}; after a restart the engine's members are known when it answers, and not before`,
        { cause: error },
      );
    }
  }

  #pathOf(engine: string): string {
    return join(this.#path, `${encodeURIComponent(engine)}.json`);
  }
}
