import type { Candidate, Contender } from './candidate.ts';
import { isSamePool } from './labels.ts';
import type { Membership, Pool, Problem, Protocol } from './model.ts';
import type { NginxBuild } from './nginx-build.ts';
import { isSameList } from './same-list.ts';
import { boundWeights, chooseKeepalive, chooseMethod } from './pool-labels.ts';
import type { Report } from './pool-labels.ts';
import { chooseProtocol, describeMismatch, isNamedInBoth } from './pool-protocol.ts';
import { chooseMembers, describe } from './serving.ts';
import { namesFor } from './site.ts';
import type { Site } from './site.ts';
import { describeObstacle } from './streams-standing.ts';
import type { StreamsStanding } from './streams-standing.ts';

/** Everything about one pool that is known before it is decided. */
export interface PoolDraft {
  /** As it will be written. */
  readonly name: string;
  /** Who could serve, oldest first; some may spell the name otherwise. */
  readonly group: readonly Contender[];
  /** What those say who ask for it and cannot serve, oldest first. */
  readonly others: readonly Protocol[];
}

/** What of the circumstances a pool depends on. */
export interface PoolCircumstances {
  readonly site: Site;
  readonly build: NginxBuild;
  readonly streams: StreamsStanding;
  /** The http pools that nginx has refused, by name, and its words. */
  readonly httpRefusals?: ReadonlyMap<string, string>;
  readonly failOpen: boolean;
}

/** What became of one pool; `pools` is empty where nginx must not get it. */
export interface Composed {
  readonly pools: readonly Pool[];
  readonly memberships: readonly Membership[];
  readonly problems: readonly Problem[];
}

/** What a pool was made from the last time, and what became of it. */
interface Known {
  readonly draft: PoolDraft;
  readonly setting: string;
  readonly composed: Composed;
}

/** By a pool's oldest contender. */
const knownPools = new WeakMap<Contender, Known>();

/**
 * Decides what one pool speaks, how it balances, and who serves. Answers the same object for as long as nothing has
 * changed that counts.
 */
export function composePool(draft: PoolDraft, circumstances: PoolCircumstances): Composed {
  const [oldest] = draft.group;
  if (oldest === undefined) return composeAnew(draft, circumstances);
  const setting = settingOf(circumstances);
  const known = knownPools.get(oldest);
  if (known?.setting === setting && isSameDraft(known.draft, draft)) return known.composed;
  const composed = composeAnew(draft, circumstances);
  knownPools.set(oldest, { draft, setting, composed });
  return composed;
}

const settings = new WeakMap<PoolCircumstances, string>();

/** What is the same for all pools, as text that can be compared. */
export function settingOf(circumstances: PoolCircumstances): string {
  const known = settings.get(circumstances);
  if (known !== undefined) return known;
  const { site, build, streams, httpRefusals = new Map(), failOpen } = circumstances;
  const { path, isIncluded, refusals } = streams;
  const setting = JSON.stringify([site, build, path, isIncluded, [...refusals], [...httpRefusals], failOpen]);
  settings.set(circumstances, setting);
  return setting;
}

function isSameDraft(one: PoolDraft, other: PoolDraft): boolean {
  return one.name === other.name && isSameList(one.group, other.group) && isSameList(one.others, other.others);
}

function composeAnew({ name, group, others }: PoolDraft, circumstances: PoolCircumstances): Composed {
  const { site, build, streams, failOpen } = circumstances;
  const problems: Problem[] = [];
  const report: Report = ({ container }, label, effect, message) => {
    problems.push({ containerId: container.id, container: container.name, label, effect, message });
  };
  const refuse = (candidate: Contender, label: string, reason: string): Membership => {
    report(candidate, label, 'out', reason);
    return describe(candidate, 'out', 'out', reason);
  };

  const spelled = keep(group, (candidate) => candidate.request.pool === name);
  const choice = chooseProtocol(name, spelled, others, site);
  const { protocol } = choice;
  const conflict = describeConflict(name, protocol, site) ?? describeRefusal(name, protocol, circumstances);
  if (conflict !== undefined) {
    return { pools: [], memberships: group.map((one) => refuse(one, labelOf(one), conflict)), problems };
  }

  const misspelled = spelled === group ? [] : group.filter((candidate) => candidate.request.pool !== name);
  const spelling = `nginx does not tell names apart by case; this pool is written "${name}"`;
  const outside = misspelled.map((one) => refuse(one, labelOf(one), spelling));
  const fitting = keep(spelled, ({ labels }) => labels.protocol === protocol);
  for (const one of fitting === spelled ? [] : spelled.filter(({ labels }) => labels.protocol !== protocol)) {
    outside.push(refuse(one, 'lb.protocol', describeMismatch(one, choice)));
  }
  const obstacle = protocol === 'http' ? undefined : describeObstacle(build, streams);
  if (obstacle !== undefined) outside.push(...fitting.map((one) => refuse(one, 'lb.protocol', obstacle)));

  const able = obstacle === undefined ? fitting : [];
  const method = chooseMethod(able, protocol, build, report);
  const keepalive = chooseKeepalive(able, protocol, report);
  const { members, memberships } = chooseMembers(boundWeights(able, method, report), method, failOpen);
  const pool: Pool = { name, protocol, method, keepalive, members };
  const isMissingElsewhere = isNamedInBoth(name, site) && describeConflict(name, otherModule(pool), site) === undefined;
  return {
    pools: isMissingElsewhere ? [pool, { ...pool, ...emptyPool, protocol: otherModule(pool) }] : [pool],
    memberships: outside.length === 0 ? memberships : [...memberships, ...outside],
    problems,
  };
}

/** The same list where all of it fits, as it nearly always does. */
function keep<T>(list: readonly T[], fits: (value: T) => boolean): readonly T[] {
  return list.every(fits) ? list : list.filter(fits);
}

const emptyPool = { method: { kind: 'round_robin' }, keepalive: 0, members: [] } as const;

function otherModule({ protocol }: Pool): Protocol {
  return protocol === 'http' ? 'tcp' : 'http';
}

function describeConflict(name: string, protocol: Protocol, site: Site): string | undefined {
  const { defined, namedWithPort } = namesFor(site, protocol);
  if (defined.some((one) => isSamePool(one, name))) {
    return `the site's own configuration defines upstream ${name}; delete that block to let lbwatch keep it`;
  }
  if (namedWithPort.some((named) => isSamePool(named, name))) {
    return `the site's own configuration passes to ${name} with a port, which nginx refuses beside an upstream ${name}; remove the port there or rename the pool`;
  }
  return undefined;
}

function describeRefusal(
  name: string,
  protocol: Protocol,
  { streams, httpRefusals }: PoolCircumstances,
): string | undefined {
  const why = (protocol === 'http' ? httpRefusals : streams.refusals)?.get(name);
  return why === undefined ? undefined : `nginx refuses this pool, and runs without it: ${why}`;
}

function labelOf(candidate: Candidate): string {
  return candidate.request.role === 'primary' ? 'lb.pool' : 'lb.backup';
}
