import { chmodSync, closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';

import * as z from 'zod';

import { messageOf } from '../core/error-words.ts';
import { printable } from '../core/printable.ts';
import { Held } from './held.ts';
import { writeAtomically } from './write-atomic.ts';

const holderSchema = z.object({
  host: z.string(),
  container: z.string().optional(),
  pid: z.number(),
  since: z.string(),
  version: z.string(),
});

/** Who keeps a directory, as it has written down itself. */
type Holder = z.infer<typeof holderSchema>;

/** How often one that starts asks again, for another that is just ending. */
const againMs = 20;

/**
 * Sees to it that one lbwatch at a time writes into a directory: by a lock that the kernel keeps for as long as this
 * process lives, and not a moment longer, however it ends. It holds between containers, whatever their pid namespaces and
 * users, since it belongs to the file on the volume.
 *
 * Node cannot lock files; SQLite, which comes with it, does (https://sqlite.org/lockingv3.html): a transaction that is
 * never ended on a database that stays empty. Where the file system knows no locks, nobody is kept out.
 */
export class Claim {
  readonly #directory: string;
  readonly #containerId: string | undefined;
  readonly #version: string;
  #held: { readonly database: DatabaseSync; readonly file: string } | undefined;
  #why: string | undefined;

  /** @param containerId the controller's own container, where it is in one */
  constructor(directory: string, containerId: string | undefined, version: string) {
    this.#directory = directory;
    this.#containerId = containerId;
    this.#version = version;
  }

  /** Why nobody is kept out at present, where that is so. */
  get obstacle(): string | undefined {
    return this.#why;
  }

  /**
   * Takes the directory, or sees that it is taken by this process already; a volume that was replaced meanwhile is taken
   * anew. Throws {@link Held}. Where nothing can be locked, as on a read-only volume, it does not throw: writing will say
   * why.
   *
   * @param patienceMs how long to wait for another one that may be about to end
   */
  async take(patienceMs = 0): Promise<void> {
    const path = lockIn(this.#directory);
    if (this.#held !== undefined && this.#held.file === identify(path)) return;
    this.#held?.database.close();
    this.#held = undefined;
    const deadlineMs = performance.now() + patienceMs;
    let taken = lock(path);
    while (taken === 'held' && performance.now() < deadlineMs) {
      await pause(againMs * (0.5 + Math.random()));
      taken = lock(path);
    }
    if (taken === 'held') throw new Held(this.#directory, describeHolder(readHolder(this.#directory)));
    if (typeof taken === 'string') {
      this.#why = taken;
      return;
    }
    this.#why = undefined;
    this.#held = { database: taken, file: identify(path) ?? '' };
    await this.#sign();
  }

  /** Lets it go before the process ends. */
  release(): void {
    this.#held?.database.close();
    this.#held = undefined;
  }

  /** For people only: that it cannot be written does no harm. */
  async #sign(): Promise<void> {
    const holder: Holder = {
      host: hostname(),
      ...(this.#containerId === undefined ? {} : { container: this.#containerId.slice(0, 12) }),
      pid: process.pid,
      since: new Date().toISOString(),
      version: this.#version,
    };
    await writeAtomically(holderIn(this.#directory), `${JSON.stringify(holder)}\n`).catch(() => undefined);
  }
}

/** Who keeps a directory now, in words; undefined where nobody does, or it cannot be told. Changes nothing. */
export function findHolder(directory: string): string | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(lockIn(directory), { readOnly: true, timeout: 0 });
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return undefined;
  } catch (error) {
    return isBusy(error) ? describeHolder(readHolder(directory)) : undefined;
  } finally {
    database?.close();
  }
}

function lock(path: string): DatabaseSync | string {
  let database: DatabaseSync | undefined;
  try {
    prepare(path);
    database = new DatabaseSync(path, { timeout: 0 });
    // No file beside it, which would need room on the disk.
    database.exec('PRAGMA journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    return isBusy(error) ? 'held' : messageOf(error);
  }
}

/**
 * Makes the file so that a later lbwatch may lock it as whatever user. Throws where it cannot be written: SQLite would be
 * content with a lock that others can have as well.
 */
function prepare(path: string): void {
  const isNew = identify(path) === undefined;
  closeSync(openSync(path, 'a'));
  if (isNew) chmodSync(path, 0o666);
}

/** Which file a path leads to at present. */
function identify(path: string): string | undefined {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  return status === undefined ? undefined : `${String(status.dev)}:${String(status.ino)}`;
}

/** SQLITE_BUSY and what is derived from it (https://sqlite.org/rescode.html). */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
}

function readHolder(directory: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(holderIn(directory), 'utf8')));
  } catch {
    return undefined;
  }
}

function describeHolder(holder: Holder | undefined): string {
  if (holder === undefined) return 'which one is not known';
  const { host, container, pid, since, version } = holder;
  const where = container === undefined ? `process ${String(pid)} on ${host}` : `container ${container} (${host})`;
  return printable(`${where}, lbwatch ${version}, since ${since}`, 200);
}

function lockIn(directory: string): string {
  return join(directory, 'lbwatch.lock');
}

function holderIn(directory: string): string {
  return join(directory, 'lbwatch.holder');
}
