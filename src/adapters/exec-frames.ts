import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';

/** Type, three zeros, length: what the engine puts before each piece where there is no terminal. */
const headerBytes = 8;

/**
 * Takes the engine's framing of an attached process away, however it is cut into chunks; standard output and error come
 * out as one stream (Docker Engine API, "Attach to a container", stream format).
 */
export class FrameReader extends Transform {
  #held = Buffer.alloc(0);
  #leftOfFrame = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    for (;;) {
      if (this.#leftOfFrame === 0) {
        if (this.#held.length < headerBytes) break;
        this.#leftOfFrame = this.#held.readUInt32BE(4);
        this.#held = this.#held.subarray(headerBytes);
      }
      const piece = this.#held.subarray(0, this.#leftOfFrame);
      if (piece.length === 0 && this.#leftOfFrame > 0) break;
      this.#held = this.#held.subarray(piece.length);
      this.#leftOfFrame -= piece.length;
      if (piece.length > 0) this.push(piece);
    }
    callback();
  }
}
