import { decide } from '../../src/core/desired.ts';
import type { Circumstances } from '../../src/core/desired.ts';
import type { Container } from '../../src/core/model.ts';
import type { Report, Target } from '../../src/loop/ports.ts';
import type { Plan } from '../../src/loop/reconcile.ts';
import { circumstances } from './circumstances.ts';

export type Pass = Extract<Report, { readonly kind: 'pass' }>;

/** The digest of every plan here. */
export const wantedDigest = 'd1'.repeat(32);

/** What a pass over these containers finds and wants, with nginx that can do everything. */
export function planOf(
  containers: readonly Container[],
  targets: readonly Target[] = [],
  different: Partial<Circumstances> = {},
): Plan {
  const around = { ...circumstances, ...different };
  return {
    containers,
    departures: new Map(),
    endedDrains: [],
    unseen: undefined,
    notes: [],
    desired: decide(containers, around),
    rendered: { text: '', streams: '', digest: wantedDigest },
    found: { targets, reach: 'any', ownReach: 'any', missing: undefined, project: 'shop' },
    engines: [],
    builds: targets.map(() => around.build),
  };
}

/** A pass that has reloaded nothing; a test says what is different. */
export function pass(different: Partial<Pass> = {}): Pass {
  return {
    kind: 'pass',
    outcome: { kind: 'unchanged' },
    reasons: ['start'],
    plan: undefined,
    changes: [],
    isFirst: false,
    beganMs: 0,
    sinceEventMs: 0,
    stages: {},
    ...different,
  };
}
