import { isSamePool } from './labels.ts';
import type { NginxBuild } from './nginx-build.ts';

/** How nginx stands to streams.conf, the file of tcp and udp pools. */
export interface StreamsStanding {
  /** Where nginx must find it. */
  readonly path: string;
  /** False only where every nginx has been asked and none includes it. */
  readonly isIncluded: boolean;
  /** The pools in it that nginx has refused, by name, and its words. */
  readonly refusals: ReadonlyMap<string, string>;
}

/** Why no tcp or udp pool can be served, and what to do; undefined where nothing is in the way. */
export function describeObstacle(
  { stream }: NginxBuild,
  { path, isIncluded }: Pick<StreamsStanding, 'path' | 'isIncluded'>,
): string | undefined {
  if (stream === undefined) {
    return 'this nginx has no stream module, which tcp and udp pools need (nginx -V: --with-stream); use one that has, or lb.protocol: http';
  }
  if (isIncluded) return undefined;
  const loading = stream.isDynamic ? ', and load its stream module (Debian: libnginx-mod-stream)' : '';
  return `nginx does not include ${path}; write "include ${path};" in a stream block of nginx.conf${loading}`;
}

/**
 * The pool that a refusal is about: the one at the line of streams.conf that nginx names. Undefined where it names no such
 * line.
 *
 * @param message such as `duplicate upstream "db" in /etc/nginx/lbwatch/streams.conf:3`
 * @param text of streams.conf as nginx read it
 */
export function findRefusedPool(message: string, path: string, text: string): string | undefined {
  const at = message.lastIndexOf(` in ${path}:`);
  const number = at === -1 ? undefined : /^\d+/.exec(message.slice(at + ` in ${path}:`.length))?.[0];
  if (number === undefined) return undefined;
  const lines = text.split('\n').slice(0, Number(number));
  return listUpstreams(lines.join('\n')).at(-1);
}

/**
 * The pool whose name nginx knows from elsewhere: another upstream is called so, or something is passed to it with a port,
 * in files that lbwatch cannot see. Undefined where a refusal is about anything else.
 *
 * @param message such as `duplicate upstream "app" in …` or `upstream "app" may not have port 80 in …` (nginx,
 * ngx_http_upstream_add and its like of the stream module)
 * @param text of the generated file that may have the pool
 */
export function findClashingPool(message: string, text: string): string | undefined {
  const name = /\b(?:duplicate upstream "([^"]+)"|upstream "([^"]+)" may not have port \d+) in /.exec(message);
  const wanted = name?.[1] ?? name?.[2];
  return wanted === undefined ? undefined : listUpstreams(text).find((pool) => isSamePool(pool, wanted));
}

/** The pools in the text of a generated file. */
export function listUpstreams(text: string): readonly string[] {
  return [...text.matchAll(/^upstream (\S+) \{$/gm)].map((match) => match[1] ?? '');
}
