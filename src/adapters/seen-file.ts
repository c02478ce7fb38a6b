import { readFile, stat } from 'node:fs/promises';

import { codeOf } from '../core/error-words.ts';
import { systemClock } from './clock.ts';
import { writeAtomically } from './write-atomic.ts';

/** A file's times move with the kernel's ticks, of 10 ms at most: within one, two changes may leave the same signs. */
const settleMs = 40;
/** Where a file system keeps whole seconds, a change within one of them shows after so long. */
const trustMs = 60_000;

/**
 * A text file of up to megabytes that is wanted in each pass and seldom changes. What it held is taken for what it holds while
 * everything that the file system says of it, down to the nanosecond of its last change, is as it was when it was read.
 */
export class SeenFile {
  readonly path: string;
  readonly #nowMs: () => number;
  #text: string | undefined;
  /** Undefined where nothing is known. */
  #signs: string | undefined;
  /** Since when those are known, and when the text was read that they stand for. */
  #signsMs = 0;
  #textMs = 0;

  constructor(path: string, nowMs = (): number => systemClock.nowMs()) {
    this.path = path;
    this.#nowMs = nowMs;
  }

  /**
   * What it holds; undefined where it is not there, or not ours to read. The same string as before where nothing has
   * changed. Throws what the file system says.
   */
  async read(): Promise<string | undefined> {
    try {
      const nowMs = this.#nowMs();
      this.#note(await readSigns(this.path), nowMs);
      if (this.#isCertain(nowMs)) return this.#text;
      const text = await readFile(this.path, 'utf8');
      if (text !== this.#text) this.#text = text;
      this.#textMs = nowMs;
      return this.#text;
    } catch (error) {
      this.#forget();
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /** Replaces it in one step. Throws what the file system says, and the file is as it was then. */
  async write(text: string): Promise<void> {
    this.#forget();
    await writeAtomically(this.path, text);
    const nowMs = this.#nowMs();
    this.#text = text;
    this.#textMs = nowMs;
    // Somebody else may come between: the first look after a moment reads it again.
    const signs = await readSigns(this.path).catch(() => undefined);
    if (signs !== undefined) this.#note(signs, nowMs);
  }

  #note(signs: string, nowMs: number): void {
    if (signs === this.#signs) return;
    this.#signs = signs;
    this.#signsMs = nowMs;
  }

  /** Any change since the text was read has come so late that it has left other signs. */
  #isCertain(nowMs: number): boolean {
    return this.#textMs >= this.#signsMs + settleMs && nowMs - this.#textMs < trustMs;
  }

  #forget(): void {
    this.#text = undefined;
    this.#signs = undefined;
  }
}

/** Gone, or not ours to read: a dangling link, a key with mode 0600. */
export function isAbsent(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES' || code === 'ELOOP';
}

async function readSigns(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}
