import { isPoolName } from './values.ts';

/** What the hand-written nginx configuration says about upstreams. */
export interface Site {
  /** Upstreams it defines itself: lbwatch must not define them again. */
  readonly defined: readonly string[];
  /** Names it passes requests to without a port, as it would to an upstream. */
  readonly named: readonly string[];
  /** Names it passes requests to with a port: nginx refuses an upstream of that name beside it. */
  readonly namedWithPort: readonly string[];
}

const passDirective = /^(?:proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass$/;
const schemeOf = /^(?:https?|grpcs?|u?wsgis?|suwsgi):\/\//i;

/**
 * Reads upstream names out of nginx configuration files. Names inside variables cannot be seen; they are declared by
 * LBWATCH_POOLS.
 */
export function readSite(texts: readonly string[]): Site {
  const defined = new Set<string>();
  const named = new Set<string>();
  const namedWithPort = new Set<string>();
  for (const text of texts) {
    for (const [directive = '', argument = ''] of directives(text)) {
      if (directive === 'upstream') defined.add(argument);
      if (!passDirective.test(directive)) continue;
      // Without a scheme, proxy_pass belongs to the stream module.
      if (directive === 'proxy_pass' && !schemeOf.test(argument)) continue;
      const target = argument.replace(schemeOf, '');
      if (/^unix:/i.test(target)) continue;
      const authority = target.split(/[/?]/)[0] ?? '';
      const [name = '', port] = authority.split(':');
      if (isPoolName(name)) (port === undefined ? named : namedWithPort).add(name);
    }
  }
  const definedKeys = new Set([...defined].map((name) => name.toLowerCase()));
  const isFree = (name: string): boolean => !definedKeys.has(name.toLowerCase());
  return {
    defined: [...defined].sort(),
    named: [...named].filter(isFree).sort(),
    namedWithPort: [...namedWithPort].filter(isFree).sort(),
  };
}

/** Each simple directive or block head of a text as its words, unquoted. */
function* directives(text: string): Generator<readonly string[]> {
  let words: string[] = [];
  // A comment, a quoted word, a plain word, or the end of a directive.
  const token =
    /#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[;{}]|(?:\\.|\$\{[^}]*\}|[^\s;{}"'])(?:\\.|\$\{[^}]*\}|[^\s;{}])*/gs;
  for (const [match] of text.matchAll(token)) {
    if (match.startsWith('#')) continue;
    if (match === ';' || match === '{' || match === '}') {
      if (words.length > 0) yield words;
      words = [];
      continue;
    }
    words.push(/^["']/.test(match) ? match.slice(1, -1) : match);
  }
}
