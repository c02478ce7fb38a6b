import { printableJson } from '../core/printable.ts';
import type { StatusBoard } from './status-board.ts';
import type { StatusDocument } from './status-document.ts';

/** The status document as JSON on one line, made once for all who ask between two reports. */
export class StatusText {
  readonly #board: Pick<StatusBoard, 'read'>;
  #of: StatusDocument | undefined;
  #bytes = Buffer.alloc(0);
  #tookMs = 0;

  constructor(board: Pick<StatusBoard, 'read'>) {
    this.#board = board;
  }

  /** The same object for as long as nothing was reported. */
  read(): Buffer {
    const beganMs = performance.now();
    const document = this.#board.read();
    if (document !== this.#of) {
      this.#bytes = Buffer.from(printableJson(JSON.stringify(document)));
      this.#of = document;
      this.#tookMs = performance.now() - beganMs;
    }
    return this.#bytes;
  }

  /** How long the making took the last time. */
  get tookMs(): number {
    return this.#tookMs;
  }
}
