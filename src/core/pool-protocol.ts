import type { Candidate } from './candidate.ts';
import { isSamePool } from './labels.ts';
import type { Protocol } from './model.ts';
import { printable } from './printable.ts';
import type { Site } from './site.ts';

/** What a pool speaks, and who says so. */
export interface PoolProtocol {
  readonly protocol: Protocol;
  /** The oldest member whose word counts; undefined where none speaks what the pool does. */
  readonly speaker: Candidate | undefined;
  /** The site's configuration leaves no choice between http and the stream module. */
  readonly isBySite: boolean;
}

/**
 * Decides what a pool speaks: of what the site's configuration leaves open, the oldest member's word. A member that says
 * nothing says http, since it must not be served as something it is not.
 *
 * @param group the pool's candidates, oldest first
 * @param others what containers say that ask for it and cannot serve, oldest first
 */
export function chooseProtocol(
  name: string,
  group: readonly Candidate[],
  others: readonly Protocol[],
  site: Site,
): PoolProtocol {
  const [inHttp, inStream] = [site.http, site.stream].map(({ named }) => named.some((one) => isSamePool(one, name)));
  const isBySite = inHttp !== inStream;
  const isOpen = (protocol: Protocol): boolean => !isBySite || (protocol === 'http') === inHttp;
  const speaker = group.find(({ labels }) => isOpen(labels.protocol));
  const unsaid = isBySite && inStream ? 'tcp' : 'http';
  return { protocol: speaker?.labels.protocol ?? others.find(isOpen) ?? unsaid, speaker, isBySite };
}

/** Whether the site passes both requests and connections to this name: nginx then needs an upstream in either block. */
export function isNamedInBoth(name: string, { http, stream }: Site): boolean {
  return [http, stream].every(({ named }) => named.some((one) => isSamePool(one, name)));
}

/** What to tell a member that speaks something else. */
export function describeMismatch(
  { request, labels }: Candidate,
  { protocol, speaker, isBySite }: PoolProtocol,
): string {
  const isOtherModule = (labels.protocol === 'http') !== (protocol === 'http');
  const why =
    speaker === undefined || (isBySite && isOtherModule)
      ? `the site's configuration passes to it in its ${protocol === 'http' ? 'http' : 'stream'} block`
      : `the older container ${printable(speaker.container.name)} says so`;
  return `pool ${request.pool} is ${protocol}, since ${why}, and this container is ${labels.protocol}; write lb.protocol: ${protocol}, or ask for another pool`;
}
