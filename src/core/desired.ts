import { assess, contend } from './candidate.ts';
import type { Contender, Surroundings } from './candidate.ts';
import { composePool } from './compose-pool.ts';
import type { PoolCircumstances, PoolDraft } from './compose-pool.ts';
import { describe } from './serving.ts';
import { isInScope } from './eligible.ts';
import { hasPoolLabel } from './labels.ts';
import type { Container, Desired, Membership, Problem, Protocol } from './model.ts';
import type { Probe, Standing } from './probe.ts';
import type { Site } from './site.ts';

/** Everything besides the containers that decides what nginx should run. */
export interface Circumstances extends Surroundings, PoolCircumstances {
  /** Pools that exist even when nobody is in them (LBWATCH_POOLS). */
  readonly declaredPools: readonly string[];
  /** What the probes have found, by their keys. */
  readonly standings: ReadonlyMap<string, Standing>;
}

/** The members to be checked, whoever of them serves: each once. */
export function listProbes(containers: readonly Container[], surroundings: Surroundings): readonly Probe[] {
  return assess(containers, surroundings).flatMap(({ probes }) => probes);
}

/**
 * Decides which containers nginx should balance over, and says of each container why it is in, waiting or out.
 *
 * Pure, and independent of the order of `containers`. Never throws: what is wrong with one container is a problem of
 * that container. What is as it was at the last call is taken over from it: a pool in which nothing has changed is the
 * same object as before.
 */
export function decide(containers: readonly Container[], circumstances: Circumstances): Desired {
  const { standings } = circumstances;
  const byAge = [...containers].sort(compareAge);
  const contenders: Contender[] = [];
  const memberships: Membership[] = [];
  const problems: Problem[] = [];
  const wishes: Wish[] = [];

  for (const found of assess(byAge, circumstances)) {
    for (const candidate of found.candidates) contenders.push(contend(candidate, standings));
    for (const membership of found.memberships) {
      memberships.push(membership);
      if (membership.pool !== undefined) wishes.push({ pool: membership.pool, protocol: found.protocol });
    }
    problems.push(...found.problems);
  }

  const site = withoutHosts(byAge, circumstances);
  const declared = [...circumstances.declaredPools, ...site.http.named, ...site.stream.named];
  const { drafts, beyond } = draftPools(contenders, declared, wishes);
  const beyondRows = beyond.map((contender) => describe(contender, 'out', 'out', beyondReason));
  const around = { ...circumstances, site };
  const composed = drafts.map((draft) => composePool(draft, around));
  const pools = composed.flatMap((one) => one.pools);
  return {
    pools: pools.sort((one, other) => compareText(one.name, other.name) || compareText(one.protocol, other.protocol)),
    memberships: [memberships, beyondRows, ...composed.map((one) => one.memberships)].flat(),
    problems: [problems, beyond.map(describeBeyondProblem), ...composed.map((one) => one.problems)].flat(),
  };
}

/** Memberships in the order in which people look for them: by container, then by pool. */
export function sortMemberships(memberships: readonly Membership[]): readonly Membership[] {
  return [...memberships].sort(
    (one, other) =>
      compareText(one.container, other.container) ||
      compareText(one.pool ?? '', other.pool ?? '') ||
      compareText(one.containerId, other.containerId),
  );
}

/**
 * The site with only those names that are pools. A name that Docker's DNS answers, since a container or its service bears
 * it, is a host unless a container of that name asks for the pool. In a stream block a name without a port can only be an
 * upstream's.
 */
function withoutHosts(containers: readonly Container[], { site, scope }: Circumstances): Site {
  if (site.http.named.length === 0) return site;
  const hosts = new Set<string>();
  for (const container of containers) {
    if (hasPoolLabel(container) || !isInScope(container, scope)) continue;
    const service = container.labels['com.docker.compose.service'];
    for (const host of [container.name, service]) if (host !== undefined) hosts.add(host.toLowerCase());
  }
  const named = site.http.named.filter((name) => !hosts.has(name.toLowerCase()));
  return { ...site, http: { ...site.http, named } };
}

/**
 * So many pools exist because containers ask for them, beside those that the site names and LBWATCH_POOLS declares. Each
 * costs nginx shared memory, and each of its workers the keepalive slots.
 */
const maxLabelledPools = 1000;

/** A container asks for a pool and cannot serve it. */
interface Wish {
  readonly pool: string;
  readonly protocol: Protocol | undefined;
}

/**
 * Contenders by pool. Declared pools are there even when empty, and their spelling counts first; so are, last, those
 * which only containers ask for that cannot serve. Of more pools than labels may make, those of the oldest containers.
 */
function draftPools(
  contenders: readonly Contender[],
  declared: readonly string[],
  wishes: readonly Wish[],
): { readonly drafts: readonly PoolDraft[]; readonly beyond: readonly Contender[] } {
  const drafts = new Map<string, { name: string; group: Contender[]; others: Protocol[] }>();
  const open = (name: string, most: number): { group: Contender[]; others: Protocol[] } | undefined => {
    const key = name.toLowerCase();
    const known = drafts.get(key);
    if (known !== undefined || drafts.size >= most) return known;
    const draft = { name, group: [], others: [] };
    drafts.set(key, draft);
    return draft;
  };
  for (const name of declared) open(name, Infinity);
  const most = drafts.size + maxLabelledPools;
  const beyond: Contender[] = [];
  for (const contender of contenders) (open(contender.request.pool, most)?.group ?? beyond).push(contender);
  for (const { pool, protocol } of wishes) {
    open(pool, most)?.others.push(...(protocol === undefined ? [] : [protocol]));
  }
  return { drafts: [...drafts.values()], beyond };
}

const beyondReason = `labels make ${String(maxLabelledPools)} pools already, which is the most; ask for fewer, or declare this one (LBWATCH_POOLS)`;

function describeBeyondProblem({ container, request }: Contender): Problem {
  const label = request.role === 'primary' ? 'lb.pool' : 'lb.backup';
  const message = `pool ${request.pool}: ${beyondReason}`;
  return { containerId: container.id, container: container.name, label, effect: 'out', message };
}

/** Oldest first; ids break ties, so that no two orders are possible. */
function compareAge(one: Container, other: Container): number {
  return one.createdAt - other.createdAt || compareText(one.id, other.id);
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
