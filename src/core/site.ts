import type { Protocol } from './model.ts';
import { directives } from './nginx-directives.ts';
import { isPoolName } from './values.ts';

/** What the hand-written nginx configuration says about upstreams; nginx keeps those of its two modules apart. */
export interface Site {
  readonly http: UpstreamNames;
  readonly stream: UpstreamNames;
  /** It says itself how long keep-alive clients are spared; nginx refuses to be told twice. */
  readonly sparesClients: boolean;
}

export interface UpstreamNames {
  /** Upstreams it defines itself: lbwatch must not define them again. */
  readonly defined: readonly string[];
  /** Names it passes requests (or connections) to without a port, as it would to an upstream. */
  readonly named: readonly string[];
  /** Names it passes to with a port: nginx refuses an upstream of that name beside it. */
  readonly namedWithPort: readonly string[];
}

/** The names that count for a pool of this protocol. */
export function namesFor({ http, stream }: Site, protocol: Protocol): UpstreamNames {
  return protocol === 'http' ? http : stream;
}

const passDirective = /^(?:proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass$/;
const schemeOf = /^(?:https?|grpcs?|u?wsgis?|suwsgi):\/\//i;

/**
 * Reads upstream names out of nginx configuration files. Names inside variables cannot be seen; they are declared by
 * LBWATCH_POOLS.
 */
export function readSite(texts: readonly string[]): Site {
  const http = new Names();
  const stream = new Names();
  let sparesClients = false;
  for (const text of texts) {
    for (const found of directives(text)) {
      if (found.kind === 'end') continue;
      const { words, within } = found;
      const [directive = '', argument = ''] = words;
      if (directive === 'keepalive_min_timeout') sparesClients = true;
      if (directive === 'upstream') {
        // A file that others include may stand in either block.
        if (within !== 'stream') http.defined.add(argument);
        if (within !== 'http') stream.defined.add(argument);
      }
      if (!passDirective.test(directive)) continue;
      // Without a scheme, proxy_pass belongs to the stream module.
      const isStream = directive === 'proxy_pass' && !schemeOf.test(argument);
      (isStream ? stream : http).pass(argument.replace(schemeOf, ''));
    }
  }
  return { http: http.sum(), stream: stream.sum(), sparesClients };
}

class Names {
  readonly defined = new Set<string>();
  readonly #named = new Set<string>();
  readonly #namedWithPort = new Set<string>();

  pass(target: string): void {
    if (/^unix:/i.test(target)) return;
    const authority = target.split(/[/?]/)[0] ?? '';
    const [name = '', port] = authority.split(':');
    if (isPoolName(name)) (port === undefined ? this.#named : this.#namedWithPort).add(name);
  }

  /** Sorted; what the site defines itself is nobody else's pool. */
  sum(): UpstreamNames {
    const definedKeys = new Set([...this.defined].map((name) => name.toLowerCase()));
    const isFree = (name: string): boolean => !definedKeys.has(name.toLowerCase());
    return {
      defined: [...this.defined].sort(),
      named: [...this.#named].filter(isFree).sort(),
      namedWithPort: [...this.#namedWithPort].filter(isFree).sort(),
    };
  }
}
