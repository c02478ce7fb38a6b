import { sortByAge } from './age.ts';
import { assess, contend } from './candidate.ts';
import type { Assessment, Candidate, Contender, Surroundings } from './candidate.ts';
import { compareText } from './compare-text.ts';
import { composePool, settingOf } from './compose-pool.ts';
import type { Composed, PoolCircumstances, PoolDraft } from './compose-pool.ts';
import { isSameList } from './same-list.ts';
import { describe } from './serving.ts';
import type { Container, Desired, Membership, Pool, Problem, Protocol } from './model.ts';
import type { Probe, Standings } from './probe.ts';
import type { Site } from './site.ts';

/** Everything besides the containers that decides what nginx should run. */
export interface Circumstances extends Surroundings, PoolCircumstances {
  /** Pools that exist even when nobody is in them (LBWATCH_POOLS). */
  readonly declaredPools: readonly string[];
  /** What the probes have found. */
  readonly standings: Standings;
}

/** What follows from assessments alone, which stay the same objects while nothing has changed. */
const knownProbes = new WeakMap<readonly Assessment[], readonly Probe[]>();

/** The members to be checked, whoever of them serves: each once. The same list for as long as nothing has changed. */
export function listProbes(containers: readonly Container[], surroundings: Surroundings): readonly Probe[] {
  const assessments = assess(sortByAge(containers), surroundings);
  const known = knownProbes.get(assessments);
  if (known !== undefined) return known;
  const probes: Probe[] = [];
  // Here and below forEach, whose callbacks are made once: without V8's optimising compilers for…of makes an object for each of thousands.
  assessments.forEach((assessment) => probes.push(...assessment.probes));
  knownProbes.set(assessments, probes);
  return probes;
}

/** What was decided the last time, and what from. */
interface Known {
  readonly assessments: readonly Assessment[];
  readonly standings: Standings;
  readonly contenders: readonly Contender[];
  readonly setting: string;
  readonly desired: Desired;
}

/** By the oldest container. */
const knownDecisions = new WeakMap<Container, Known>();

/**
 * Decides which containers nginx should balance over, and says of each container why it is in, waiting or out.
 *
 * Pure, and independent of the order of `containers`. Never throws: what is wrong with one container is a problem of
 * that container. What is as it was at the last call is taken over from it: a pool in which nothing has changed is the
 * same object as before, and so is the whole where nothing has.
 */
export function decide(containers: readonly Container[], circumstances: Circumstances): Desired {
  const byAge = sortByAge(containers);
  const assessments = assess(byAge, circumstances);
  const { standings } = circumstances;
  const setting = JSON.stringify([circumstances.declaredPools, settingOf(circumstances)]);
  const [oldest] = byAge;
  const known = oldest && knownDecisions.get(oldest);
  const isSameSetting = known?.setting === setting;
  if (isSameSetting && known.assessments === assessments && known.standings === standings) return known.desired;
  const contenders: Contender[] = [];
  const addContender = (candidate: Candidate): void => {
    contenders.push(contend(candidate, standings));
  };
  assessments.forEach(({ candidates }) => {
    candidates.forEach(addContender);
  });
  const isSame =
    isSameSetting && isSameList(known.assessments, assessments) && isSameList(known.contenders, contenders);
  const desired = isSame ? known.desired : decideAnew(assessments, contenders, circumstances);
  if (oldest !== undefined) knownDecisions.set(oldest, { assessments, standings, contenders, setting, desired });
  return desired;
}

function decideAnew(
  assessments: readonly Assessment[],
  contenders: readonly Contender[],
  circumstances: Circumstances,
): Desired {
  const memberships: Membership[] = [];
  const problems: Problem[] = [];
  const wishes: Wish[] = [];
  assessments.forEach((found) => {
    problems.push(...found.problems);
    if (found.memberships.length === 0) return;
    memberships.push(...found.memberships);
    for (const { pool } of found.memberships) if (pool !== undefined) wishes.push({ pool, protocol: found.protocol });
  });

  const site = withoutHosts(assessments, circumstances.site);
  const declared = [...circumstances.declaredPools, ...site.http.named, ...site.stream.named];
  const { drafts, beyond } = draftPools(contenders, declared, wishes);
  for (const contender of beyond) {
    memberships.push(describe(contender, 'out', 'out', beyondReason));
    problems.push(describeBeyondProblem(contender));
  }
  const around = { ...circumstances, site };
  const pools: Pool[] = [];
  drafts.forEach((draft) => {
    const composed: Composed = composePool(draft, around);
    composed.pools.forEach((pool) => pools.push(pool));
    composed.memberships.forEach((membership) => memberships.push(membership));
    composed.problems.forEach((problem) => problems.push(problem));
  });
  pools.sort((one, other) => compareText(one.name, other.name) || compareText(one.protocol, other.protocol));
  return { pools, memberships, problems };
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
function withoutHosts(assessments: readonly Assessment[], site: Site): Site {
  if (site.http.named.length === 0) return site;
  const hosts = new Set<string>();
  const addHost = (host: string): unknown => hosts.add(host);
  assessments.forEach((assessment) => {
    assessment.hosts.forEach(addHost);
  });
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
  const open = (
    name: string,
    most: number,
    key = name.toLowerCase(),
  ): { group: Contender[]; others: Protocol[] } | undefined => {
    const known = drafts.get(key);
    if (known !== undefined || drafts.size >= most) return known;
    const draft = { name, group: [], others: [] };
    drafts.set(key, draft);
    return draft;
  };
  for (const name of declared) open(name, Infinity);
  const most = drafts.size + maxLabelledPools;
  const beyond: Contender[] = [];
  contenders.forEach((contender) => {
    const draft = open(contender.request.pool, most, contender.poolKey);
    (draft?.group ?? beyond).push(contender);
  });
  for (const { pool, protocol } of wishes) {
    const draft = open(pool, most);
    if (protocol !== undefined) draft?.others.push(protocol);
  }
  return { drafts: [...drafts.values()], beyond };
}

const beyondReason = `labels make ${String(maxLabelledPools)} pools already, which is the most; ask for fewer, or declare this one (LBWATCH_POOLS)`;

function describeBeyondProblem({ container, request }: Contender): Problem {
  const label = request.role === 'primary' ? 'lb.pool' : 'lb.backup';
  const message = `pool ${request.pool}: ${beyondReason}`;
  return { containerId: container.id, container: container.name, label, effect: 'out', message };
}
