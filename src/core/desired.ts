import { chooseAddress, choosePort, joinAddress } from './address.ts';
import type { Reach } from './address.ts';
import { isInScope, judge } from './eligible.ts';
import type { Eligibility, Scope } from './eligible.ts';
import { hasPoolLabel, isSamePool, listUnknownLabels, parseLabels } from './labels.ts';
import type { LabelSet, Request } from './labels.ts';
import type { Container, Desired, Member, Membership, Method, Pool, Problem } from './model.ts';
import type { NginxBuild } from './nginx-build.ts';
import { printable } from './printable.ts';
import type { Site } from './site.ts';

/** Everything besides the containers that decides what nginx should run. */
export interface Circumstances {
  readonly scope: Scope;
  readonly reach: Reach;
  readonly site: Site;
  /** Pools that exist even when nobody is in them (LBWATCH_POOLS). */
  readonly declaredPools: readonly string[];
  readonly build: NginxBuild;
  /** Send to unhealthy members rather than to nobody. */
  readonly failOpen: boolean;
}

/** Idle connections a worker keeps to a pool unless `lb.keepalive` says otherwise: nginx's own default since 1.29.7. */
const defaultKeepalive = 32;

/** A container that asks for a pool and could serve it. */
interface Candidate {
  readonly container: Container;
  readonly labels: LabelSet;
  readonly request: Request;
  readonly eligibility: Eligibility;
  readonly address: string;
}

interface Standing {
  readonly state: Membership['state'];
  readonly reason: string;
}

/**
 * Decides which containers nginx should balance over, and says of each container why it is in, waiting or out.
 *
 * Pure, and independent of the order of `containers`. Never throws: what is wrong with one container is a problem of
 * that container.
 */
export function decide(containers: readonly Container[], circumstances: Circumstances): Desired {
  const byAge = [...containers].sort(compareAge);
  const candidates: Candidate[] = [];
  const memberships: Membership[] = [];
  const problems: Problem[] = [];

  for (const container of byAge) {
    const found = findCandidates(container, circumstances);
    candidates.push(...found.candidates);
    memberships.push(...found.memberships);
    problems.push(...found.problems);
  }

  const pools: Pool[] = [];
  const declared = [...circumstances.declaredPools, ...findSitePools(byAge, circumstances)];
  const labelled = memberships.flatMap(({ pool }) => pool ?? []);
  for (const [name, group] of groupByPool(candidates, declared, labelled)) {
    const composed = composePool(name, group, circumstances);
    if (composed.pool !== undefined) pools.push(composed.pool);
    memberships.push(...composed.memberships);
    problems.push(...composed.problems);
  }
  return {
    pools: pools.sort((one, other) => compareText(one.name, other.name)),
    memberships: memberships.sort(
      (one, other) =>
        compareText(one.container, other.container) ||
        compareText(one.pool ?? '', other.pool ?? '') ||
        compareText(one.containerId, other.containerId),
    ),
    problems,
  };
}

function findCandidates(
  container: Container,
  circumstances: Circumstances,
): Pick<Desired, 'memberships' | 'problems'> & { readonly candidates: readonly Candidate[] } {
  const row = (request: Request | undefined, standing: Standing): Membership => ({
    containerId: container.id,
    container: container.name,
    pool: request?.pool,
    role: request?.role,
    address: undefined,
    ...standing,
  });
  const eligibility = judge(container, circumstances.scope);
  // What another project labels is not ours to judge.
  if (!hasPoolLabel(container) || eligibility.kind === 'foreign') {
    const isForeign = eligibility.kind === 'foreign';
    const reason = isForeign ? eligibility.reason : 'no lb.pool or lb.backup label';
    const problems = isForeign ? [] : listUnknownLabels(container);
    return { candidates: [], memberships: [row(undefined, { state: 'out', reason })], problems };
  }
  const labels = parseLabels(container);
  const refusal = labels.problems.find((problem) => problem.effect === 'out');
  if (refusal !== undefined) {
    const requests = labels.requests.length > 0 ? labels.requests : [undefined];
    const memberships = requests.map((request) => row(request, { state: 'out', reason: refusal.message }));
    return { candidates: [], memberships, problems: labels.problems };
  }

  const candidates: Candidate[] = [];
  const memberships: Membership[] = [];
  const problems: Problem[] = [...labels.problems];
  for (const request of labels.requests) {
    if (eligibility.kind === 'stopped') {
      memberships.push(row(request, { state: 'out', reason: eligibility.reason }));
      continue;
    }
    const address = chooseAddress(container, labels.network, circumstances.reach);
    const port = choosePort(container, request.port);
    if (address.ok && port.ok) {
      candidates.push({ container, labels, request, eligibility, address: joinAddress(address.value, port.value) });
      continue;
    }
    const label = address.ok ? 'lb.port' : 'lb.network';
    const why = printable([address, port].flatMap((choice) => (choice.ok ? [] : [choice.why])).join('; '), 400);
    memberships.push(row(request, { state: 'out', reason: why }));
    problems.push({
      containerId: container.id,
      container: container.name,
      label,
      effect: 'out',
      message: `pool ${request.pool}: the container ${why}`,
    });
  }
  return { candidates, memberships, problems };
}

/**
 * The names in the site's configuration that are pools. A name that Docker's DNS answers, since a container or its
 * service bears it, is a host unless a container of that name asks for the pool.
 */
function findSitePools(containers: readonly Container[], { site, scope }: Circumstances): readonly string[] {
  const hosts = new Set<string>();
  for (const container of containers) {
    if (hasPoolLabel(container) || !isInScope(container, scope)) continue;
    const service = container.labels['com.docker.compose.service'];
    for (const host of [container.name, service]) if (host !== undefined) hosts.add(host.toLowerCase());
  }
  return site.named.filter((name) => !hosts.has(name.toLowerCase()));
}

/**
 * Candidates by pool. Declared pools are there even when empty, and their spelling counts first; so are, last, those
 * which only containers ask for that cannot serve.
 */
function groupByPool(
  candidates: readonly Candidate[],
  declared: readonly string[],
  labelled: readonly string[],
): Map<string, Candidate[]> {
  const groups = new Map<string, { name: string; group: Candidate[] }>();
  for (const name of declared) {
    if (!groups.has(name.toLowerCase())) groups.set(name.toLowerCase(), { name, group: [] });
  }
  for (const candidate of candidates) {
    const { pool } = candidate.request;
    const entry = groups.get(pool.toLowerCase()) ?? { name: pool, group: [] };
    entry.group.push(candidate);
    groups.set(pool.toLowerCase(), entry);
  }
  for (const name of labelled) {
    if (!groups.has(name.toLowerCase())) groups.set(name.toLowerCase(), { name, group: [] });
  }
  return new Map([...groups.values()].map(({ name, group }) => [name, group]));
}

function composePool(
  name: string,
  group: readonly Candidate[],
  circumstances: Circumstances,
): Pick<Desired, 'memberships' | 'problems'> & { readonly pool: Pool | undefined } {
  const problems: Problem[] = [];
  const report = ({ container }: Candidate, label: string, effect: Problem['effect'], message: string): void => {
    problems.push({ containerId: container.id, container: container.name, label, effect, message });
  };

  const conflict = describeConflict(name, circumstances.site);
  if (conflict !== undefined) {
    for (const candidate of group) report(candidate, labelOf(candidate), 'out', conflict);
    const memberships = group.map((candidate) => describe(candidate, { state: 'out', reason: conflict }));
    return { pool: undefined, memberships, problems };
  }

  const misspelled = group.filter((candidate) => candidate.request.pool !== name);
  const spelling = `nginx does not tell names apart by case; this pool is written "${name}"`;
  for (const candidate of misspelled) report(candidate, labelOf(candidate), 'out', spelling);

  const spelled = group.filter((candidate) => candidate.request.pool === name);
  const method = chooseMethod(spelled, circumstances.build, report);
  const keepalive = agree(spelled, 'lb.keepalive', (labels) => labels.keepalive, String, report) ?? defaultKeepalive;
  const { members, memberships } = chooseMembers(spelled, method, circumstances.failOpen);
  return {
    pool: { name, method, keepalive, members },
    memberships: [
      ...memberships,
      ...misspelled.map((candidate) => describe(candidate, { state: 'out', reason: spelling })),
    ],
    problems,
  };
}

function describeConflict(name: string, site: Site): string | undefined {
  if (site.defined.some((defined) => isSamePool(defined, name))) {
    return `the site's own configuration defines upstream ${name}; delete that block to let lbwatch keep it`;
  }
  if (site.namedWithPort.some((named) => isSamePool(named, name))) {
    return `the site's own configuration passes to ${name} with a port, which nginx refuses beside an upstream ${name}; remove the port there or rename the pool`;
  }
  return undefined;
}

type Report = (candidate: Candidate, label: string, effect: Problem['effect'], message: string) => void;

function chooseMethod(group: readonly Candidate[], build: NginxBuild, report: Report): Method {
  const method = agree(group, 'lb.method', (labels) => labels.method, renderMethodWords, report) ?? {
    kind: 'round_robin',
  };
  if (build.methods.includes(method.kind)) return method;
  for (const candidate of group.filter(({ labels }) => labels.method?.kind === method.kind)) {
    report(candidate, 'lb.method', 'ignored', `the nginx that runs has no ${method.kind}; round_robin is used`);
  }
  return { kind: 'round_robin' };
}

/** The oldest container's word on a label that belongs to the pool; those who say otherwise get a problem. */
function agree<T>(
  group: readonly Candidate[],
  label: string,
  read: (labels: LabelSet) => T | undefined,
  write: (value: T) => string,
  report: Report,
): T | undefined {
  const speaker = group.find(({ labels }) => read(labels) !== undefined);
  const value = speaker && read(speaker.labels);
  if (speaker === undefined || value === undefined) return undefined;
  for (const candidate of group) {
    const other = read(candidate.labels);
    if (other === undefined || write(other) === write(value)) continue;
    report(
      candidate,
      label,
      'ignored',
      `${label} belongs to pool ${candidate.request.pool}, and the older container ${printable(speaker.container.name)} says ` +
        `"${write(value)}"; write the same, or leave it out here`,
    );
  }
  return value;
}

/** Who serves: ready primaries with backups behind them; else ready backups; else, failing open, the unhealthy. */
function chooseMembers(
  group: readonly Candidate[],
  method: Method,
  failOpen: boolean,
): { readonly members: readonly Member[]; readonly memberships: readonly Membership[] } {
  const isRole = (role: string) => (candidate: Candidate) => candidate.request.role === role;
  const ready = group.filter((candidate) => candidate.eligibility.kind === 'ready');
  const unhealthy = group.filter((candidate) => candidate.eligibility.kind === 'unhealthy');
  const primaries = ready.filter(isRole('primary'));
  const backups = ready.filter(isRole('backup'));
  const lastResort = unhealthy.some(isRole('primary')) ? unhealthy.filter(isRole('primary')) : unhealthy;
  // nginx refuses `backup` together with these methods.
  const admitsBackups = method.kind === 'round_robin' || method.kind === 'least_conn';

  const standings = new Map<Candidate, Standing>();
  const serving: Member[] = [];
  const serve = (candidate: Candidate, standsBy: boolean, reason: string): void => {
    standings.set(candidate, { state: 'in', reason });
    serving.push(toMember(candidate, standsBy));
  };
  for (const candidate of primaries) serve(candidate, false, candidate.eligibility.reason);
  for (const candidate of backups) {
    if (primaries.length === 0)
      serve(candidate, false, `${candidate.eligibility.reason}; serves, since no primary can`);
    else if (admitsBackups) serve(candidate, true, `${candidate.eligibility.reason}; stands by`);
    else standings.set(candidate, { state: 'waiting', reason: `${method.kind} admits no backup beside primaries` });
  }
  if (serving.length === 0 && failOpen) {
    for (const candidate of lastResort)
      serve(candidate, false, `${candidate.eligibility.reason}, but nobody is healthy`);
  }
  const memberships = group.map((candidate) =>
    describe(
      candidate,
      standings.get(candidate) ?? {
        state: candidate.eligibility.kind === 'starting' ? 'waiting' : 'out',
        reason: candidate.eligibility.reason,
      },
    ),
  );
  return { members: serving, memberships };
}

function toMember(candidate: Candidate, standsBy: boolean): Member {
  return {
    containerId: candidate.container.id,
    container: candidate.container.name,
    role: candidate.request.role,
    standsBy,
    address: candidate.address,
    options: candidate.labels.options,
  };
}

function describe({ container, request, address }: Candidate, standing: Standing): Membership {
  const { pool, role } = request;
  return { containerId: container.id, container: container.name, pool, role, address, ...standing };
}

function labelOf(candidate: Candidate): string {
  return candidate.request.role === 'primary' ? 'lb.pool' : 'lb.backup';
}

/** A method as `lb.method` writes it. */
function renderMethodWords(method: Method): string {
  switch (method.kind) {
    case 'hash':
      return method.consistent ? `hash ${method.key} consistent` : `hash ${method.key}`;
    case 'random':
      return method.two ? 'random two' : 'random';
    case 'round_robin':
    case 'least_conn':
    case 'ip_hash':
      return method.kind;
  }
}

/** Oldest first; ids break ties, so that no two orders are possible. */
function compareAge(one: Container, other: Container): number {
  return one.createdAt - other.createdAt || compareText(one.id, other.id);
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
