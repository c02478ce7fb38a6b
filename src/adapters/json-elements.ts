const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];
const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * Cuts a JSON array into its elements as it comes, so that a long one is never there as a whole: neither its text nor its
 * elements. Only where elements begin and end is seen here; `JSON.parse` says what is no JSON within them. All that counts
 * for that is ASCII, of which UTF-8 has no byte within another character.
 */
export class JsonElements {
  /** 0: before the array or after it; 1: in it; more: in an element. */
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #state: 'before' | 'in' | 'after' = 'before';
  #count = 0;
  /** Of the element that has begun, in earlier pieces. */
  #begun: Buffer[] = [];

  /** The elements that end in this piece. Throws a SyntaxError where they are no JSON, or what comes is no array. */
  take(piece: Buffer): readonly unknown[] {
    const elements: unknown[] = [];
    let from = 0;
    let at = 0;
    while (at < piece.length) {
      if (this.#isInString) {
        at = this.#passString(piece, at);
        continue;
      }
      const byte = piece[at] ?? 0;
      at += 1;
      // Nearly all of what is outside of strings is none of these, or a comma within an element.
      if (byte === quote && this.#depth > 0) this.#isInString = true;
      else if (byte === openBrace || byte === openBracket) {
        if (this.#depth === 0) {
          this.#begin(byte);
          from = at;
        }
        this.#depth += 1;
      } else if (this.#depth === 0) {
        if (!blanks.has(byte)) throw notAnArray();
      } else if (this.#depth === 1 && (byte === comma || byte === closeBracket)) {
        this.#end(piece.subarray(from, at - 1), byte === closeBracket, elements);
        from = at;
      } else if (byte === closeBrace || byte === closeBracket) this.#depth -= 1;
    }
    if (this.#depth > 0) this.#begun.push(piece.subarray(from));
    return elements;
  }

  /** Nothing more comes. Throws a SyntaxError where the array has not come to its end. */
  end(): void {
    if (this.#state !== 'after') throw new SyntaxError('the answer is cut: its JSON array has no end');
  }

  /** Answers where it goes on behind the string, or behind the piece. */
  #passString(piece: Buffer, from: number): number {
    let at = from;
    if (this.#isEscaped) {
      this.#isEscaped = false;
      at += 1;
    }
    for (; at < piece.length; at += 1) {
      const byte = piece[at];
      if (byte === backslash) at += 1;
      else if (byte === quote) {
        this.#isInString = false;
        return at + 1;
      }
    }
    // What is escaped comes in the next piece.
    this.#isEscaped = at > piece.length;
    return piece.length;
  }

  #begin(byte: number): void {
    if (byte !== openBracket || this.#state !== 'before') throw notAnArray();
    this.#state = 'in';
  }

  #end(rest: Buffer, isLast: boolean, elements: unknown[]): void {
    const text = (this.#begun.length === 0 ? rest : Buffer.concat([...this.#begun, rest])).toString('utf8');
    this.#begun = [];
    // An array of none.
    if (!isLast || this.#count > 0 || text.trim() !== '') elements.push(JSON.parse(text));
    this.#count += 1;
    if (!isLast) return;
    this.#depth = 0;
    this.#state = 'after';
  }
}

function notAnArray(): SyntaxError {
  return new SyntaxError('the answer is no JSON array');
}
