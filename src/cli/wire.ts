import { askMember } from '../adapters/ask-member.ts';
import { Claim } from '../adapters/claim.ts';
import { systemClock } from '../adapters/clock.ts';
import { DrainFolder } from '../adapters/drain-folder.ts';
import { DiskFiles } from '../adapters/files.ts';
import { LocalCommand } from '../adapters/nginx-local.ts';
import { readOwnContainerId } from '../adapters/self.ts';
import type { SwarmEngine } from '../adapters/swarm-engine.ts';
import { ContainerTargets, LocalTargets } from '../adapters/targets.ts';
import type { Scope } from '../core/eligible.ts';
import { Applier } from '../loop/apply.ts';
import type { Mark } from '../loop/dirty.ts';
import type { AppError, EngineCall, EngineCallResult } from '../loop/ports.ts';
import { Drains } from '../loop/drains.ts';
import type { Parts, Policy } from '../loop/reconcile.ts';
import { StreamsMemory } from '../loop/streams-memory.ts';
import { Readiness } from '../sources/readiness.ts';
import { SecondLook } from '../sources/second-look.ts';
import { BadSetting } from './settings.ts';
import type { Settings } from './settings.ts';
import { version } from './version.ts';
import { wireEngines } from './wire-engines.ts';
import type { WatchedEngine } from './wire-engines.ts';

/** The real parts of a pass, put together as the settings say. */
export interface Wired {
  readonly parts: Parts;
  readonly readiness: Readiness;
  readonly engines: readonly WatchedEngine[];
  /** Where lbwatch balances over the tasks of a Swarm. */
  readonly swarm: SwarmEngine | undefined;
  /** Resolves where it must be put together anew, to why. */
  readonly mistaken: Promise<AppError>;
  readonly files: DiskFiles;
  readonly drainStore: DrainFolder;
  /** Of the directory. Who only looks takes it not. */
  readonly claim: Claim;
  readonly selfId: string | undefined;
  /** For who stays, and holds the claim: keeps ready what makes a pass quick. */
  readonly keepReady: () => Promise<void>;
  /** Ends what is kept. */
  readonly close: () => Promise<void>;
}

/**
 * Throws {@link BadSetting} where settings do not fit the place they are used in.
 *
 * @param mark called when a member's readiness changes; a command that looks once needs none
 * @param noteCall told of each call to the engine
 */
export async function wire(
  settings: Settings,
  mark: (mark: Mark) => void = () => undefined,
  noteCall?: (call: EngineCall, result: EngineCallResult) => void,
): Promise<Wired> {
  const selfId = await readOwnContainerId();
  const scope = chooseScope(settings.scope);
  if (scope === 'own' && selfId === undefined) {
    throw new BadSetting(
      'LBWATCH_SCOPE is "project", which needs lbwatch to run in a container; allowed here: all, or names of Compose projects',
    );
  }
  const isLocal = settings.nginx === 'local';
  const needsSelf = scope === 'own' || !isLocal;
  const engines = await wireEngines(settings, { mark, noteCall, selfId, scope, needsSelf });
  const { inventory, lifecycle, asked, swarm, mistaken } = engines;
  const claim = new Claim(settings.dir, selfId, version);
  const files = new DiskFiles(settings.dir, settings.site, () => claim.take());
  const drainStore = new DrainFolder(settings.dir);
  const { port } = settings.internal;
  const targets = isLocal
    ? new LocalTargets(new LocalCommand(settings.nginxCommand), selfId, port, swarm !== undefined)
    : new ContainerTargets(engines.engineOf, settings.nginx, selfId, port);
  const policy: Policy = {
    scope,
    declaredPools: settings.pools,
    internal: { address: settings.internal.address ?? (isLocal ? '127.0.0.1' : undefined), port },
    failOpen: settings.failOpen,
    checks: settings.checks,
  };
  const secondLook = new SecondLook(asked, mark, systemClock);
  const readiness = new Readiness(askMember, systemClock, mark, (id) => {
    secondLook.take(id);
  });
  const parts: Parts = {
    inventory,
    lifecycle,
    drains: new Drains(drainStore, asked),
    checks: readiness,
    targets,
    files,
    applier: new Applier(files, systemClock, undefined, settings.handover),
    streams: new StreamsMemory(files.streamsPath),
    policy,
    clock: systemClock,
  };
  const keepReady = async (): Promise<void> => {
    engines.settleIn();
    if (targets instanceof ContainerTargets) await targets.keepAhead(settings.dir);
  };
  const close = async (): Promise<void> => {
    await engines.settle();
    if (targets instanceof ContainerTargets) await targets.close();
  };
  const kept = { files, drainStore, claim, selfId, keepReady, close };
  return { parts, readiness, engines: engines.watched, swarm, mistaken, ...kept };
}

function chooseScope(names: readonly string[]): Scope | 'own' {
  if (names.length === 1 && names[0] === 'project') return 'own';
  if (names.length === 1 && names[0] === 'all') return { kind: 'all' };
  return { kind: 'projects', names };
}
