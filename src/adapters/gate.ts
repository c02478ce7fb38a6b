import { constants } from 'node:fs';
import { lstat, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';

import { codeOf } from '../core/error-words.ts';

const prefix = 'gate-';
const permitSuffix = '-permit';

/**
 * Holds up an nginx before it reads its configuration. A named pipe keeps whoever opens it for reading waiting until it is
 * opened for writing (fifo(7)); nothing is ever written to it. What nginx reads next is a permit, an empty file: where
 * there is none, it ends without having done anything.
 */
export class Gate {
  readonly #path: string;

  /** @param path of the pipe, the same for nginx as for lbwatch; without a character that nginx takes for a pattern */
  constructor(path: string) {
    this.#path = path;
  }

  /** What nginx is to read first. */
  get directives(): string {
    return `include "${this.#path}"; include "${this.#path}${permitSuffix}";`;
  }

  /** Whether an nginx complains of one of the two. */
  isBlamedIn(output: string): boolean {
    return output.includes(this.#path);
  }

  /** Makes the pipe, unless it is there; throws where none can be made. Whoever waits there is turned away. */
  async make(): Promise<void> {
    await this.#turnAway();
    if (await isPipe(this.#path)) return;
    await rm(this.#path, { force: true });
    // Node makes no named pipes. Who reads is another user than lbwatch.
    await execa('mkfifo', ['-m', '0644', this.#path], { stdio: 'ignore', timeout: 5000 });
  }

  /** Has whoever comes from now on let through. */
  async permit(): Promise<void> {
    await writeFile(this.#path + permitSuffix, '', { mode: 0o644 });
  }

  /** Ends the waiting of everybody who waits; false where nobody does. */
  async open(): Promise<boolean> {
    try {
      const pipe = await open(this.#path, constants.O_WRONLY | constants.O_NONBLOCK);
      await pipe.close();
      return true;
    } catch (error) {
      if (codeOf(error) === 'ENXIO' || codeOf(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /** Turns everybody away, and leaves nothing behind. */
  async remove(): Promise<void> {
    await this.#turnAway();
    await rm(this.#path, { force: true });
  }

  async #turnAway(): Promise<void> {
    await rm(this.#path + permitSuffix, { force: true });
    if (await isPipe(this.#path)) await this.open();
  }
}

/** Where a task waits in a container. Out of reach of an include of *.conf. */
export function gateFor(directory: string, containerId: string, task: string): Gate {
  return new Gate(join(directory, `${prefix}${task}-${containerId.slice(0, 12)}`));
}

/** Turns away whoever waits for an lbwatch of before. Never throws: what cannot be cleared away waits on. */
export async function clearGates(directory: string): Promise<void> {
  try {
    const names = (await readdir(directory)).filter((name) => name.startsWith(prefix) && !name.endsWith(permitSuffix));
    await Promise.all(names.map((name) => new Gate(join(directory, name)).remove()));
  } catch {
    // A folder that cannot be read: the first pass says so.
  }
}

async function isPipe(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isFIFO();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
