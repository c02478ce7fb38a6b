type Block = 'http' | 'stream';

/** One simple directive, or the head of a block, in the text of an nginx configuration. */
export interface Directive {
  /** Unquoted. */
  readonly words: readonly string[];
  /** The block of nginx.conf it stands in, as far as the text shows. */
  readonly within: Block | undefined;
  /** Offsets in the text: from its first word to behind its `;` or `{`. */
  readonly from: number;
  readonly to: number;
  /** How many blocks it stands in, as far as the text shows. */
  readonly depth: number;
  readonly kind: 'simple' | 'block';
}

/** The end of a block: behind its `}`, and the depth of its head. */
export interface BlockEnd {
  readonly kind: 'end';
  readonly to: number;
  readonly depth: number;
}

/** Each simple directive, block head and block end of a text, in order (nginx source, ngx_conf_read_token). */
export function* directives(text: string): Generator<Directive | BlockEnd> {
  let words: string[] = [];
  let from = 0;
  let within: Block | undefined;
  const around: (Block | undefined)[] = [];
  // A comment, a quoted word, a plain word, or the end of a directive.
  const token =
    /#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[;{}]|(?:\\.|\$\{[^}]*\}|[^\s;{}"'])(?:\\.|\$\{[^}]*\}|[^\s;{}])*/gs;
  for (const { 0: match, index } of text.matchAll(token)) {
    if (match.startsWith('#')) continue;
    if (match === ';' || match === '{' || match === '}') {
      const to = index + 1;
      const depth = around.length;
      if (words.length > 0) yield { words, within, from, to, depth, kind: match === '{' ? 'block' : 'simple' };
      if (match === '{') {
        around.push(within);
        const [head] = words;
        if (head === 'http' || head === 'stream') within ??= head;
      }
      if (match === '}') {
        within = around.pop();
        yield { kind: 'end', to, depth: around.length };
      }
      words = [];
      continue;
    }
    if (words.length === 0) from = index;
    words.push(/^["']/.test(match) ? match.slice(1, -1) : match);
  }
}
