import type { Scope } from '../core/eligible.ts';
import { decide } from '../core/desired.ts';
import type { Container, Desired } from '../core/model.ts';
import { commonBuild } from '../core/nginx-build.ts';
import { render } from '../core/render.ts';
import type { InternalServer, Rendered } from '../core/render.ts';
import type { Applier } from './apply.ts';
import type { Inventory, Stale } from './inventory.ts';
import type { Outcome } from './outcome.ts';
import { AppError } from './ports.ts';
import type { Files, FoundTargets, Targets } from './ports.ts';

/** What a person decides. */
export interface Policy {
  /** `own`: the Compose project of the controller's container. */
  readonly scope: Scope | 'own';
  readonly declaredPools: readonly string[];
  readonly internal: InternalServer;
  readonly failOpen: boolean;
}

export interface Parts {
  readonly inventory: Inventory;
  readonly targets: Targets;
  readonly files: Files;
  readonly applier: Applier;
  readonly policy: Policy;
}

/** What a pass found and wants, before anything is touched. */
export interface Plan {
  readonly desired: Desired;
  readonly rendered: Rendered;
  readonly found: FoundTargets;
}

/**
 * ONE PASS: start reading here.
 *
 * Looks at the containers, decides, renders, applies. Level-triggered: it asks how things are, never what happened, and
 * any number of passes in any state of the world end in the same place. A fault of the world is an outcome; only bugs
 * are thrown.
 *
 * @param stale which containers have changed since the last pass, as far as events told
 */
export async function reconcile(
  parts: Parts,
  stale: Stale,
): Promise<{ readonly outcome: Outcome; readonly plan: Plan | undefined }> {
  let plan: Plan | undefined;
  try {
    plan = await look(parts, stale);
    return { outcome: await parts.applier.apply(plan.rendered, plan.found), plan };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { outcome: { kind: 'unavailable', what: error.what, message: error.message }, plan };
  }
}

/** The pass without its effects: inventory → desired → text and digest. */
export async function look(parts: Omit<Parts, 'applier'>, stale: Stale = 'all'): Promise<Plan> {
  const { policy } = parts;
  const containers: readonly Container[] = await parts.inventory.refresh(stale);
  const found = await parts.targets.find(containers);
  const build = commonBuild(await Promise.all(found.targets.map((target) => target.readBuild())));
  const { site, digest: siteDigest } = await parts.files.readSite();

  const desired = decide(containers, {
    scope: policy.scope === 'own' ? ownScope(found) : policy.scope,
    reach: found.reach,
    site,
    declaredPools: policy.declaredPools,
    build,
    failOpen: policy.failOpen,
  });
  return { desired, rendered: render(desired.pools, build, policy.internal, siteDigest), found };
}

function ownScope({ project }: FoundTargets): Scope {
  if (project !== undefined) return { kind: 'projects', names: [project] };
  throw new AppError('engine', 'lbwatch runs in no Compose project; set LBWATCH_SCOPE to all, or to project names');
}
