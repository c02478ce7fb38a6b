/**
 * Splits the answer to `GET /events` into its head and its chunks (RFC 9112, 7.1). The engine writes each event as one
 * chunk, so a chunk that is left out or repeated is an event that is. Throws for what is no chunked answer.
 */
export class EventChunks {
  #rest: Buffer = Buffer.alloc(0);
  #hasHead = false;

  /** What is complete by now: the head first, as it stands; then chunks with their sizes. */
  push(data: Buffer): readonly { readonly kind: 'head' | 'event'; readonly bytes: Buffer }[] {
    this.#rest = Buffer.concat([this.#rest, data]);
    const parts: { kind: 'head' | 'event'; bytes: Buffer }[] = [];
    for (;;) {
      const length = this.#hasHead ? this.#chunkLength() : this.#headLength();
      if (length === undefined || this.#rest.length < length) return parts;
      parts.push({ kind: this.#hasHead ? 'event' : 'head', bytes: this.#rest.subarray(0, length) });
      this.#hasHead = true;
      this.#rest = this.#rest.subarray(length);
    }
  }

  #headLength(): number | undefined {
    const end = this.#rest.indexOf('\r\n\r\n');
    return end < 0 ? undefined : end + 4;
  }

  #chunkLength(): number | undefined {
    const end = this.#rest.indexOf('\r\n');
    if (end < 0) return undefined;
    const size = Number.parseInt(this.#rest.toString('latin1', 0, end), 16);
    if (Number.isNaN(size)) throw new Error(`not a chunk: ${this.#rest.toString('latin1', 0, 40)}`);
    return end + 2 + size + 2;
  }
}

/** The same event as the n-th of its kind: later by as many microseconds. */
export function retime(chunk: Buffer, n: number): Buffer {
  const text = chunk.toString();
  const json = text.slice(text.indexOf('\r\n') + 2);
  const later = json.replace(/"timeNano":(\d+)/, (_, nanoseconds: string) => {
    return `"timeNano":${String(BigInt(nanoseconds) + BigInt(n * 1000))}`;
  });
  return Buffer.from(`${(Buffer.byteLength(later) - 2).toString(16)}\r\n${later}`);
}
