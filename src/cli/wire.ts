import { DockerEngine } from '../adapters/docker.ts';
import { systemClock } from '../adapters/clock.ts';
import { DiskFiles } from '../adapters/files.ts';
import { LocalCommand } from '../adapters/nginx-local.ts';
import { readOwnContainerId } from '../adapters/self.ts';
import { ContainerTargets, LocalTargets } from '../adapters/targets.ts';
import type { Scope } from '../core/eligible.ts';
import { Applier } from '../loop/apply.ts';
import { Inventory } from '../loop/inventory.ts';
import type { Parts, Policy } from '../loop/reconcile.ts';
import { BadSetting } from './settings.ts';
import type { Settings } from './settings.ts';

/** The real parts of a pass, put together as the settings say. */
export interface Wired {
  readonly parts: Parts;
  readonly engine: DockerEngine;
  readonly files: DiskFiles;
  readonly selfId: string | undefined;
}

/** Throws {@link BadSetting} where settings do not fit the place they are used in. */
export async function wire(settings: Settings): Promise<Wired> {
  const selfId = await readOwnContainerId();
  const scope = chooseScope(settings.scope);
  if (scope === 'own' && selfId === undefined) {
    throw new BadSetting(
      'LBWATCH_SCOPE is "project", which needs lbwatch to run in a container; allowed here: all, or names of Compose projects',
    );
  }
  const engine = new DockerEngine();
  const files = new DiskFiles(settings.dir, settings.site);
  const { port } = settings.internal;
  const isLocal = settings.nginx === 'local';
  const targets = isLocal
    ? new LocalTargets(new LocalCommand(settings.nginxCommand), selfId, port)
    : new ContainerTargets(engine, settings.nginx, selfId, port);
  const policy: Policy = {
    scope,
    declaredPools: settings.pools,
    internal: { address: settings.internal.address ?? (isLocal ? '127.0.0.1' : undefined), port },
    failOpen: settings.failOpen,
  };
  const parts: Parts = {
    inventory: new Inventory(engine),
    targets,
    files,
    applier: new Applier(files, systemClock),
    policy,
  };
  return { parts, engine, files, selfId };
}

function chooseScope(names: readonly string[]): Scope | 'own' {
  if (names.length === 1 && names[0] === 'project') return 'own';
  if (names.length === 1 && names[0] === 'all') return { kind: 'all' };
  return { kind: 'projects', names };
}
