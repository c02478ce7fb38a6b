import type { Surroundings } from '../core/candidate.ts';
import type { Scope } from '../core/eligible.ts';
import { listProbes } from '../core/desired.ts';
import type { Container, Departure, Desired } from '../core/model.ts';
import { commonBuild } from '../core/nginx-build.ts';
import type { NginxBuild } from '../core/nginx-build.ts';
import { render } from '../core/render.ts';
import type { Rendered } from '../core/render.ts';
import type { InternalServer } from '../core/render-http.ts';
import type { Applier } from './apply.ts';
import type { Drains } from './drains.ts';
import type { EngineStanding, Stale, Stock } from './inventory.ts';
import type { Lives } from './lifecycle.ts';
import type { Outcome } from './outcome.ts';
import { AppError } from './ports.ts';
import { Stopwatch } from './stopwatch.ts';
import type { StreamsMemory } from './streams-memory.ts';
import type { Checks, Clock, Files, FoundTargets, Targets } from './ports.ts';

/** What a person decides. */
export interface Policy {
  /** `own`: the Compose project of the controller's container. */
  readonly scope: Scope | 'own';
  readonly declaredPools: readonly string[];
  readonly internal: InternalServer;
  readonly failOpen: boolean;
  /** Whether lbwatch asks members itself. */
  readonly checks: boolean;
}

export interface Parts {
  readonly inventory: Stock;
  readonly lifecycle: Lives;
  readonly drains: Drains;
  readonly checks: Checks;
  readonly targets: Targets;
  readonly files: Files;
  readonly applier: Applier;
  readonly streams: StreamsMemory;
  readonly policy: Policy;
  readonly clock: Clock;
}

/** What a pass found and wants, before anything is touched. */
export interface Plan {
  readonly containers: readonly Container[];
  /** Why they could not be looked at, and are as they were seen last; undefined where they were. */
  readonly unseen: AppError | undefined;
  readonly departures: ReadonlyMap<string, Departure>;
  /** Containers whose drain has ended by itself. */
  readonly endedDrains: readonly string[];
  /** What is amiss and belongs to no container, a line each. */
  readonly notes: readonly string[];
  readonly desired: Desired;
  readonly rendered: Rendered;
  readonly found: FoundTargets;
  /** How each of several engines is; none where there is one. */
  readonly engines: readonly EngineStanding[];
  /** What each of the nginx found can do, in their order. */
  readonly builds: readonly NginxBuild[];
}

/**
 * ONE PASS: start reading here.
 *
 * Looks at the containers, decides, renders, applies. Level-triggered: it asks how things are, never what happened, and
 * any number of passes in any state of the world end in the same place. A fault of the world is an outcome; only bugs
 * are thrown.
 *
 * An engine that is away holds back nobody's leaving: what checks, drains and edits ask for is done to the containers as
 * they were seen last, and the pass has failed all the same.
 *
 * @param stale which containers have changed since the last pass, as far as events told
 */
export async function reconcile(
  parts: Parts,
  stale: Stale,
  stopwatch = new Stopwatch(parts.clock, parts.clock.nowMs()),
): Promise<{ readonly outcome: Outcome; readonly plan: Plan | undefined }> {
  let plan: Plan | undefined;
  try {
    let outcome: Outcome;
    do {
      plan = await look(parts, plan === undefined ? stale : new Set(), stopwatch);
      await parts.drains.forget(plan.endedDrains);
      outcome = await parts.applier.apply(plan.rendered, plan.found, stopwatch);
      // A pool that nginx refuses by itself must not hold back the others: once more, without it.
    } while (outcome.kind === 'rejected' && parts.streams.learnRefusal(outcome.message, plan.rendered));
    const { unseen } = plan;
    return { outcome: unseen === undefined ? outcome : withoutSight(outcome, unseen), plan };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { outcome: toOutcome(plan?.unseen ?? error), plan };
  }
}

/** Only what was done is told as such: there is no saying that nginx runs what it should. */
function withoutSight(outcome: Outcome, unseen: AppError): Outcome {
  if (outcome.kind === 'applied') return outcome;
  const failure = toOutcome(unseen);
  const isRefusal = outcome.kind === 'rejected' || outcome.kind === 'rolledBack';
  return isRefusal ? { ...failure, message: `${unseen.message}; and ${outcome.message}` } : failure;
}

function toOutcome({ what, message }: AppError): Extract<Outcome, { kind: 'unavailable' }> {
  return { kind: 'unavailable', what, message };
}

/** The pass without its effects: inventory → readiness → desired → text and digest. */
export async function look(parts: Omit<Parts, 'applier'>, wanted: Stale = 'all', stopwatch?: Stopwatch): Promise<Plan> {
  const { policy, lifecycle, inventory } = parts;
  await lifecycle.recall();
  // None waits for another: a member that is leaving gets requests until the pass is through.
  const [{ containers, unseen }, { site, digest: siteDigest }] = await Promise.all([
    see(inventory, wanted),
    parts.files.readSite(),
  ]);
  stopwatch?.note('inspected');
  const stale = unseen === undefined ? wanted : new Set<string>();
  if (stale === 'all') lifecycle.forgetAllBut(new Set(containers.map(({ id }) => id)));
  const [{ drains, ended: endedDrains, notes }, found] = await Promise.all([
    // Who may be on an engine that has told nothing yet is not gone.
    parts.drains.look(
      containers,
      stale === 'all' && !inventory.isWhole ? new Set(containers.map(({ id }) => id)) : stale,
    ),
    parts.targets.find(containers),
  ]);
  // Who was drained and then told to stop is still drained.
  const { departures: told } = lifecycle;
  const departures = drains.size === 0 ? told : new Map<string, Departure>([...told, ...drains]);
  const builds = await Promise.all(found.targets.map((target) => target.readBuild()));
  const common = commonBuild(builds);
  const build = { ...common, sparesClients: common.sparesClients && !site.sparesClients };

  const surroundings: Surroundings = {
    scope: policy.scope === 'own' ? ownScope(found) : policy.scope,
    reach: found.reach,
    ownReach: found.ownReach,
    checks: policy.checks,
    departures,
    lives: lifecycle.lives,
    nowMs: parts.clock.unixMs(),
  };
  const standings = await parts.checks.follow(listProbes(containers, surroundings));
  const { declaredPools, failOpen, internal } = policy;
  const circumstances = { ...surroundings, site, declaredPools, build, failOpen, standings };
  const desired = await parts.streams.decide(containers, circumstances, found.targets, { stale, siteDigest });
  const rendered = render(desired.pools, build, internal, siteDigest);
  stopwatch?.note('rendered');
  const allNotes = [...inventory.notes, ...notes, ...(found.doubts ?? [])];
  const { engines } = inventory;
  return { containers, unseen, departures, endedDrains, notes: allNotes, desired, rendered, found, engines, builds };
}

/** Throws where nobody was ever seen. */
async function see(
  inventory: Stock,
  stale: Stale,
): Promise<{ readonly containers: readonly Container[]; readonly unseen: AppError | undefined }> {
  try {
    return { containers: await inventory.refresh(stale), unseen: undefined };
  } catch (error) {
    if (!(error instanceof AppError) || inventory.known === undefined) throw error;
    return { containers: inventory.known, unseen: error };
  }
}

function ownScope({ project }: FoundTargets): Scope {
  if (project !== undefined) return { kind: 'projects', names: [project] };
  throw new AppError(
    'engine',
    'lbwatch runs in no Compose project, and in no stack; set LBWATCH_SCOPE to all, or to project names',
  );
}
