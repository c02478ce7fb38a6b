/**
 * Reads nginx configuration text as nginx does, written after `ngx_conf_read_token` (src/core/ngx_conf_file.c) and
 * sharing nothing with src. The parsers on npm (nginx-conf 2.1, @webantic/nginx-config-parser 1.6) neither split a
 * directive into words nor end comments and words where nginx does, so they cannot witness what nginx would see.
 */

/** One directive: its words, unquoted, and what its block holds; `block` is undefined where it ends with `;`. */
export interface Directive {
  readonly words: readonly string[];
  readonly block: readonly Directive[] | undefined;
}

/** Throws where nginx would refuse the syntax. */
export function parseNginx(text: string): readonly Directive[] {
  const tokens = tokenize(text);
  const [directives, next] = parseBlock(tokens, 0, false);
  if (next !== tokens.length) throw new SyntaxError('unexpected "}"');
  return directives;
}

type Token = { readonly kind: 'word'; readonly text: string } | { readonly kind: ';' | '{' | '}' };

function parseBlock(tokens: readonly Token[], from: number, isInner: boolean): [Directive[], number] {
  const directives: Directive[] = [];
  let words: string[] = [];
  let at = from;
  while (at < tokens.length) {
    const token = tokens[at];
    at += 1;
    switch (token?.kind) {
      case 'word':
        words.push(token.text);
        break;
      case ';':
        if (words.length === 0) throw new SyntaxError('unexpected ";"');
        directives.push({ words, block: undefined });
        words = [];
        break;
      case '{': {
        if (words.length === 0) throw new SyntaxError('unexpected "{"');
        const [block, next] = parseBlock(tokens, at, true);
        directives.push({ words, block });
        words = [];
        at = next;
        break;
      }
      case '}':
        if (words.length > 0) throw new SyntaxError(`"${words.join(' ')}" is not terminated by ";"`);
        if (!isInner) throw new SyntaxError('unexpected "}"');
        return [directives, at];
      case undefined:
        break;
    }
  }
  if (isInner || words.length > 0) throw new SyntaxError('unexpected end of file');
  return [directives, at];
}

const isSpace = (character: string | undefined): boolean =>
  character === ' ' || character === '\t' || character === '\r' || character === '\n';

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (isSpace(character)) {
      at += 1;
    } else if (character === ';' || character === '{' || character === '}') {
      tokens.push({ kind: character });
      at += 1;
    } else if (character === '#') {
      while (at < text.length && text.charAt(at) !== '\n') at += 1;
    } else {
      const [word, next] = readWord(text, at);
      tokens.push({ kind: 'word', text: word });
      at = next;
    }
  }
  return tokens;
}

/** A word begins with its quote or has none; inside, `\` takes the next character along and `${` may hold a brace. */
function readWord(text: string, from: number): [string, number] {
  const first = text.charAt(from);
  const quote = first === '"' || first === "'" ? first : undefined;
  let word = '';
  let at = quote === undefined ? from : from + 1;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === '\\') {
      const escaped = text.charAt(at + 1);
      const meanings: Readonly<Record<string, string>> = { '"': '"', "'": "'", '\\': '\\', t: '\t', r: '\r', n: '\n' };
      word += meanings[escaped] ?? `\\${escaped}`;
      at += 2;
      continue;
    }
    if (quote !== undefined && character === quote) {
      const after = text.charAt(at + 1);
      if (!isSpace(after) && after !== ';' && after !== '{' && after !== ')')
        throw new SyntaxError(`unexpected "${after}" after a quoted word`);
      return [word, at + 1];
    }
    if (quote === undefined) {
      if (isSpace(character) || character === ';') return [word, at];
      if (character === '{' && !word.endsWith('$')) return [word, at];
    }
    word += character;
    at += 1;
  }
  throw new SyntaxError('unexpected end of file in a word');
}
