import { askMember } from '../adapters/ask-member.ts';
import { choosesSwarm } from '../adapters/choose-swarm.ts';
import { Claim } from '../adapters/claim.ts';
import { DockerEngine } from '../adapters/docker.ts';
import { readDockerHost } from '../adapters/docker-host.ts';
import { systemClock } from '../adapters/clock.ts';
import { DrainFolder } from '../adapters/drain-folder.ts';
import { DiskFiles } from '../adapters/files.ts';
import { LocalCommand } from '../adapters/nginx-local.ts';
import { readOwnContainerId } from '../adapters/self.ts';
import { ManagerApi } from '../adapters/swarm-api.ts';
import { SwarmEngine } from '../adapters/swarm-engine.ts';
import { ContainerTargets, LocalTargets } from '../adapters/targets.ts';
import type { Scope } from '../core/eligible.ts';
import { Applier } from '../loop/apply.ts';
import type { Mark } from '../loop/dirty.ts';
import type { EngineCall, EngineCallResult, EventStream } from '../loop/ports.ts';
import { Drains } from '../loop/drains.ts';
import { Inventory } from '../loop/inventory.ts';
import { Lifecycle } from '../loop/lifecycle.ts';
import type { Parts, Policy } from '../loop/reconcile.ts';
import { StreamsMemory } from '../loop/streams-memory.ts';
import { TaskInventory } from '../loop/task-inventory.ts';
import { Readiness } from '../sources/readiness.ts';
import { SecondLook } from '../sources/second-look.ts';
import { BadSetting } from './settings.ts';
import type { Settings } from './settings.ts';
import { version } from './version.ts';

/** The real parts of a pass, put together as the settings say. */
export interface Wired {
  readonly parts: Parts;
  readonly readiness: Readiness;
  readonly engine: DockerEngine;
  /** What it tells of as it happens. */
  readonly events: EventStream;
  /** Where lbwatch balances over the tasks of a Swarm. */
  readonly swarm: SwarmEngine | undefined;
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
  const host = readDockerHost(process.env);
  if (typeof host === 'string') throw new BadSetting(host);
  const engine = new DockerEngine(host, noteCall);
  const isSwarm = await choosesSwarm(settings.swarm, engine, selfId);
  if (isSwarm && settings.nginx !== 'local') {
    throw new BadSetting(
      'in a Swarm lbwatch and nginx share a container; use the image that has both (examples/swarm), with LBWATCH_NGINX=local',
    );
  }
  const swarm = isSwarm ? new SwarmEngine(new ManagerApi(engine), systemClock, selfId) : undefined;
  const lists = swarm ?? engine;
  const claim = new Claim(settings.dir, selfId, version);
  const files = new DiskFiles(settings.dir, settings.site, () => claim.take());
  const drainStore = new DrainFolder(settings.dir);
  const { port } = settings.internal;
  const isLocal = settings.nginx === 'local';
  const targets = isLocal
    ? new LocalTargets(new LocalCommand(settings.nginxCommand), selfId, port, isSwarm)
    : new ContainerTargets(engine, settings.nginx, selfId, port);
  const policy: Policy = {
    scope,
    declaredPools: settings.pools,
    internal: { address: settings.internal.address ?? (isLocal ? '127.0.0.1' : undefined), port },
    failOpen: settings.failOpen,
    checks: settings.checks,
  };
  const secondLook = new SecondLook(lists, mark, systemClock);
  const readiness = new Readiness(askMember, systemClock, mark, (id) => {
    secondLook.take(id);
  });
  const parts: Parts = {
    inventory: swarm === undefined ? new Inventory(engine) : new TaskInventory(swarm),
    lifecycle: new Lifecycle(lists, systemClock, settings.leaveEarly),
    drains: new Drains(drainStore, lists),
    checks: readiness,
    targets,
    files,
    applier: new Applier(files, systemClock, undefined, settings.handover),
    streams: new StreamsMemory(files.streamsPath),
    policy,
    clock: systemClock,
  };
  const keepReady = async (): Promise<void> => {
    if (targets instanceof ContainerTargets) await targets.keepAhead(settings.dir);
  };
  const close = async (): Promise<void> => {
    if (targets instanceof ContainerTargets) await targets.close();
  };
  return { parts, readiness, engine, events: lists, swarm, files, drainStore, claim, selfId, keepReady, close };
}

function chooseScope(names: readonly string[]): Scope | 'own' {
  if (names.length === 1 && names[0] === 'project') return 'own';
  if (names.length === 1 && names[0] === 'all') return { kind: 'all' };
  return { kind: 'projects', names };
}
