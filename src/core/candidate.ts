import { isWithin } from './address.ts';
import type { Reach } from './address.ts';
import { chooseDestination } from './destination.ts';
import { describeDeparture, isInScope, judge } from './eligible.ts';
import type { Scope } from './eligible.ts';
import { hasPoolLabel, listStrayProblems, parseLabels } from './labels.ts';
import type { LabelSet, Request } from './labels.ts';
import type { Check, Condition, Container, Departure, Member, Membership, Problem, Protocol } from './model.ts';
import { printable } from './printable.ts';
import { pending } from './probe.ts';
import type { Probe, Standing, Standings } from './probe.ts';
import { serviceOf } from './project.ts';
import { isSameList } from './same-list.ts';

/** How far the engine's list may be behind its events. */
const endedMs = 5000;

/** What is known beside a container itself when its readiness is judged. */
export interface Surroundings {
  readonly scope: Scope;
  /** The networks nginx reaches members over. */
  readonly reach: Reach;
  /** The networks the controller itself is on: it can check members there only. */
  readonly ownReach: Reach;
  /** LBWATCH_CHECKS: whether lbwatch asks members itself. */
  readonly checks: boolean;
  /** Containers on their way out, by id. */
  readonly departures: ReadonlyMap<string, Departure>;
  /** When a container's present life began, by id, as far as an event told; it tells a restarted one from itself. */
  readonly lives: ReadonlyMap<string, number>;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** Whether a candidate can serve now. */
export interface Readiness {
  readonly kind:
    | 'ready'
    /** Not yet, or not again; nothing is wrong. */
    | 'starting'
    /** Its port answers while its health check has not passed yet. */
    | 'answering'
    | 'unhealthy'
    /** Told to stop, and it still answers. */
    | 'leaving'
    | 'gone';
  readonly reason: string;
}

/** A container that asks for a pool and could serve it. */
export interface Candidate {
  readonly container: Container;
  readonly labels: LabelSet;
  readonly request: Request;
  /** The pool's name as nginx compares it. */
  readonly poolKey: string;
  readonly address: string;
  /** Undefined for one that is to stay. */
  readonly departure: Departure | undefined;
  readonly check: Check;
  /** Undefined where lbwatch does not ask it. */
  readonly probe: Probe | undefined;
  /** No part of what it is: what was made of it the last time. */
  readonly known: Partial<KnownServing>;
}

/** The same objects again, for as long as nothing has changed, so that what is made of them need not be made again. */
interface KnownServing {
  standing: Standing | undefined;
  contender: Contender;
  member: Member;
  row: Membership;
}

/** A candidate, and whether it can serve now. */
export interface Contender extends Candidate {
  readonly readiness: Readiness;
}

/** What became of one container's requests. */
export interface Assessment {
  /** What the container speaks, by its labels; undefined where they do not tell. */
  readonly protocol: Protocol | undefined;
  readonly candidates: readonly Candidate[];
  /** The addresses of its candidates that lbwatch asks, each once. */
  readonly probes: readonly Probe[];
  /** Rows for the requests that made no candidate. */
  readonly memberships: readonly Membership[];
  readonly problems: readonly Problem[];
  /** The names under which Docker's DNS answers for it, in lower case, where it asks for no pool. */
  readonly hosts: readonly string[];
}

const nobody = { candidates: [], probes: [], hosts: [] } as const;

/** An assessment, and all that it was made from beside the container, which is data that never changes. */
interface Known {
  readonly setting: string;
  readonly departure: Departure | undefined;
  readonly life: number | undefined;
  readonly assessment: Assessment;
}

/** Of ten thousand containers one has changed since the last pass; the others are not assessed again. */
const knownAssessments = new WeakMap<Container, Known>();

/** The same of all of them together, by the first: nearly always they come in the same order. */
const knownLists = new WeakMap<Container, KnownList>();

interface KnownList {
  readonly containers: readonly Container[];
  readonly setting: string;
  readonly surroundings: Surroundings;
  /** When a departure of theirs is over for lack of an end, Unix milliseconds; Infinity where none will be. */
  readonly lapsesAtMs: number;
  readonly known: readonly Known[];
  readonly assessments: readonly Assessment[];
}

/**
 * Finds the requests of each container that could be served, and says why the others cannot. Answers the same object for
 * a container for as long as nothing has changed that counts, and the same list where that is so of all.
 */
export function assess(containers: readonly Container[], surroundings: Surroundings): readonly Assessment[] {
  const { scope, reach, ownReach, checks, lives } = surroundings;
  const setting = JSON.stringify([scope, reach, ownReach, checks]);
  const [first] = containers;
  const before = first && knownLists.get(first);
  if (before?.setting === setting && isSameMoment(before, containers, surroundings)) return before.assessments;
  const all: Known[] = [];
  let lapsesAtMs = Infinity;
  containers.forEach((container, index) => {
    const departure = currentDeparture(container, surroundings);
    if (departure !== undefined) lapsesAtMs = Math.min(lapsesAtMs, lapseMs(container, departure));
    const life = lives.get(container.id);
    const known = before?.containers[index] === container ? before.known[index] : knownAssessments.get(container);
    if (known?.setting === setting && known.life === life && isSameDeparture(known.departure, departure)) {
      all.push(known);
    } else {
      const anew = { setting, departure, life, assessment: assessAnew(container, departure, surroundings) };
      knownAssessments.set(container, anew);
      all.push(anew);
    }
  });
  const isSame = before !== undefined && isSameList(before.known, all);
  const assessments = isSame ? before.assessments : all.map(({ assessment }) => assessment);
  if (first !== undefined)
    knownLists.set(first, { containers, setting, surroundings, lapsesAtMs, known: all, assessments });
  return assessments;
}

/** Each pass asks twice, and in most passes nothing has changed since the last one. Time alone ends departures only. */
function isSameMoment(before: KnownList, containers: readonly Container[], surroundings: Surroundings): boolean {
  const { departures, lives, nowMs } = before.surroundings;
  return (
    before.containers === containers &&
    departures === surroundings.departures &&
    lives === surroundings.lives &&
    nowMs <= surroundings.nowMs &&
    surroundings.nowMs < before.lapsesAtMs
  );
}

function isSameDeparture(one: Departure | undefined, other: Departure | undefined): boolean {
  return one === other || (one?.kind === other?.kind && one?.sinceMs === other?.sinceMs);
}

function assessAnew(container: Container, departure: Departure | undefined, surroundings: Surroundings): Assessment {
  const labels = hasPoolLabel(container) ? parseLabels(container) : undefined;
  const eligibility = judge(container, surroundings.scope, departure);
  // What another project labels is not ours to judge.
  if (labels === undefined || eligibility.kind === 'foreign') {
    const isForeign = eligibility.kind === 'foreign';
    const reason = isForeign ? eligibility.reason : 'no lb.pool or lb.backup label';
    const problems = isForeign ? [] : listStrayProblems(container);
    const hosts = labels === undefined ? listHosts(container, surroundings.scope) : [];
    const memberships = [describeOut(container, undefined, reason)];
    return { ...nobody, protocol: undefined, memberships, problems, hosts };
  }
  const { protocol } = labels;
  const refusal = labels.problems.find((problem) => problem.effect === 'out');
  if (refusal !== undefined) {
    const requests = labels.requests.length > 0 ? labels.requests : [undefined];
    const memberships = requests.map((request) => describeOut(container, request, refusal.message));
    const said = refusal.label === 'lb.protocol' ? undefined : protocol;
    return { ...nobody, protocol: said, memberships, problems: labels.problems };
  }
  if (eligibility.kind === 'stopped') {
    // It has not ended, and serves again as soon as somebody says so.
    const condition = container.state === 'paused' ? 'draining' : 'out';
    const memberships = labels.requests.map((one) => describeOut(container, one, eligibility.reason, condition));
    return { ...nobody, protocol, memberships, problems: labels.problems };
  }
  const parts = labels.requests.map((request) => assessRequest(container, labels, request, departure, surroundings));
  const candidates = parts.flatMap((part) => part.candidates);
  const probes = new Map(candidates.flatMap(({ probe }) => (probe === undefined ? [] : [[probe.key, probe]])));
  return {
    ...nobody,
    protocol,
    candidates,
    probes: [...probes.values()],
    memberships: parts.flatMap(({ memberships }) => memberships),
    problems: [...labels.problems, ...onePerMessage(parts.flatMap(({ problems }) => problems))],
  };
}

/** A container of another project has names of its own there. */
function listHosts(container: Container, scope: Scope): readonly string[] {
  if (!isInScope(container, scope)) return [];
  const service = serviceOf(container);
  return [container.name, ...(service === undefined ? [] : [service])].map((host) => host.toLowerCase());
}

/** How a candidate stands, given what its probe has found. */
export function contend(candidate: Candidate, standings: Standings): Contender {
  const { probe, known } = candidate;
  const standing = probe === undefined ? undefined : (standings.get(probe.key) ?? pending);
  if (known.contender !== undefined && known.standing === standing) return known.contender;
  known.standing = standing;
  const readiness = readReadiness(candidate, standing);
  const { kind, reason } = known.contender?.readiness ?? {};
  // Each check makes a standing anew, and most say the same.
  if (known.contender === undefined || kind !== readiness.kind || reason !== readiness.reason) {
    known.contender = { ...candidate, readiness };
  }
  return known.contender;
}

function readReadiness(candidate: Candidate, standing: Standing | undefined): Readiness {
  const readiness = readOwnReadiness(candidate, standing);
  const { departure } = candidate;
  if (departure === undefined) return readiness;
  // Who was drained serves under no circumstances: somebody decided so.
  const isLastResort = departure.kind === 'signalled' && readiness.kind === 'ready';
  return { kind: isLastResort ? 'leaving' : 'gone', reason: describeDeparture(departure) };
}

function readOwnReadiness({ container, check }: Candidate, standing: Standing | undefined): Readiness {
  if (check.kind === 'docker') return readHealth(container, standing);
  if (standing === undefined) return { kind: 'ready', reason: 'running' };
  switch (standing.state) {
    case 'passing':
      return { kind: 'ready', reason: standing.why };
    case 'failing':
      return { kind: 'unhealthy', reason: standing.why };
    case 'pending':
    case 'refused':
      return { kind: 'starting', reason: standing.why };
  }
}

function readHealth({ health }: Container, standing: Standing | undefined): Readiness {
  switch (health) {
    case 'none':
      return { kind: 'ready', reason: 'running' };
    case 'healthy':
      return { kind: 'ready', reason: 'healthy' };
    case 'starting': {
      const reason = 'its health check has not passed yet';
      return standing?.state === 'passing' ? { kind: 'answering', reason } : { kind: 'starting', reason };
    }
    case 'unhealthy':
      return { kind: 'unhealthy', reason: 'unhealthy' };
  }
}

function assessRequest(
  container: Container,
  labels: LabelSet,
  request: Request,
  departure: Departure | undefined,
  surroundings: Surroundings,
): Pick<Assessment, 'candidates' | 'memberships' | 'problems'> {
  const destination = chooseDestination(container, labels, request, surroundings.reach);
  const report = (label: string, effect: Problem['effect'], message: string): Problem => {
    return { containerId: container.id, container: container.name, label, effect, message };
  };
  if (!destination.ok) {
    const { label, why } = destination;
    const problem = report(label, 'out', `pool ${request.pool}: the container ${why}`);
    return { candidates: [], memberships: [describeOut(container, request, why)], problems: [problem] };
  }
  const { address, network } = destination;
  const check = chooseCheck(container, labels, surroundings);
  const problems: Problem[] = [];
  // Swarm calls a task running once its health check has passed, and does not say whether there is one.
  if (labels.check?.kind === 'docker' && container.health === 'none' && container.task === undefined) {
    problems.push(
      report(
        'lb.check',
        'ignored',
        'lb.check: docker, but the image has no HEALTHCHECK; add one, or write tcp or http:/path',
      ),
    );
  }
  if (container.published !== undefined && labels.network !== undefined) {
    const message = `lb.network means nothing for a container of another machine (${printable(container.node ?? container.published.address)}), which is reached by the port that it publishes; remove it`;
    problems.push(report('lb.network', 'ignored', message));
  }
  const isBeyond = network !== undefined && !isWithin(surroundings.ownReach, network);
  if (isBeyond && isOurs(check)) {
    problems.push(report('lb.check', 'ignored', describeBeyond(network, labels.check)));
  }
  // A drained member is left in peace: a connection to it is then a request in work.
  const isAsked = !isBeyond && (departure === undefined || departure.kind === 'signalled');
  const probe = isAsked ? chooseProbe(container, check, address, labels, surroundings) : undefined;
  const poolKey = request.pool.toLowerCase();
  const candidate = { container, labels, request, poolKey, address, departure, check, probe, known: {} };
  return { candidates: [candidate], memberships: [], problems };
}

function chooseCheck(container: Container, labels: LabelSet, surroundings: Surroundings): Check {
  const byPort: Check = { kind: labels.protocol === 'http' ? 'alive' : 'tcp' };
  const asked = labels.check ?? (container.health === 'none' ? byPort : { kind: 'docker' });
  const check = asked.kind === 'docker' && isSilent(container) && surroundings.checks ? byPort : asked;
  return isOurs(check) && !isAskable(labels, surroundings)
    ? { kind: container.health === 'none' ? 'none' : 'docker' }
    : check;
}

/**
 * Whether nobody tells any more how it is: its engine, which runs its health check, does not answer. Then its port tells. Who
 * was unhealthy stays so.
 */
function isSilent({ isAsLastSeen, health }: Container): boolean {
  return isAsLastSeen === true && health !== 'none' && health !== 'unhealthy';
}

/** Whether lbwatch asks the member itself. */
function isOurs(check: Check): check is Probe['check'] {
  return check.kind !== 'docker' && check.kind !== 'none';
}

/** A udp port says nothing by itself. */
function isAskable({ protocol }: LabelSet, { checks }: Surroundings): boolean {
  return checks && protocol !== 'udp';
}

/** A member whose health check has not passed yet is asked as well: it may have to serve where nobody else can. */
function chooseProbe(
  container: Container,
  check: Check,
  address: string,
  labels: LabelSet,
  surroundings: Surroundings,
): Probe | undefined {
  const isStarting = check.kind === 'docker' && container.health === 'starting' && isAskable(labels, surroundings);
  if (!isOurs(check) && !isStarting) return undefined;
  const asked: Probe['check'] = isOurs(check) ? check : { kind: 'tcp' };
  const timing = labels.checkTiming;
  const words = [
    container.id,
    surroundings.lives.get(container.id) ?? 0,
    address,
    asked.kind === 'http' ? asked.path : asked.kind,
    timing.intervalMs ?? 'auto',
    timing.timeoutMs,
    timing.rise,
    timing.fall,
  ];
  return { key: words.join(' '), containerId: container.id, address, check: asked, timing };
}

/**
 * A member told to stop that still runs after the time it was given has not stopped, and is a member again. So is one that
 * is still listed as running some seconds after it has ended: it was started since, and nobody told.
 */
function currentDeparture(container: Container, { departures, nowMs }: Surroundings): Departure | undefined {
  if (departures.size === 0 && container.departure === undefined) return undefined;
  const departure = departures.get(container.id) ?? container.departure;
  if (departure === undefined) return undefined;
  return nowMs >= lapseMs(container, departure) ? undefined : departure;
}

/** Unix milliseconds. */
function lapseMs(container: Container, { kind, sinceMs }: Departure): number {
  if (kind === 'drained') return Infinity;
  const labels = hasPoolLabel(container) ? parseLabels(container) : undefined;
  return sinceMs + ((kind === 'ended' ? endedMs : labels?.drainMs) ?? Infinity);
}

function describeBeyond(network: string, check: Check | undefined): string {
  const asked = check === undefined ? 'its port' : 'lb.check';
  return `${asked} cannot be checked, since lbwatch is not on network ${printable(network)}: it is served unchecked; attach lbwatch to that network, or write lb.check: none`;
}

/** A container in several pools has one check; its problem is told once. */
function onePerMessage(problems: readonly Problem[]): readonly Problem[] {
  return problems.filter(
    (problem, index) => problems.findIndex(({ message }) => message === problem.message) === index,
  );
}

function describeOut(
  container: Container,
  request: Request | undefined,
  reason: string,
  condition: Condition = 'out',
): Membership {
  const { id: containerId, name } = container;
  return {
    containerId,
    container: name,
    pool: request?.pool,
    role: request?.role,
    address: undefined,
    state: 'out',
    condition,
    reason,
  };
}
