import { systemClock } from '../adapters/clock.ts';
import { choosesSwarm } from '../adapters/choose-swarm.ts';
import { DockerEngine } from '../adapters/docker.ts';
import { readDockerHost } from '../adapters/docker-host.ts';
import type { DockerHost } from '../adapters/docker-host.ts';
import { readEngines } from '../adapters/engine-list.ts';
import { Machine } from '../adapters/machine.ts';
import { SeenFolder } from '../adapters/seen-folder.ts';
import { ManagerApi } from '../adapters/swarm-api.ts';
import { SwarmEngine } from '../adapters/swarm-engine.ts';
import { useCompilers } from '../adapters/compilers.ts';
import type { Scope } from '../core/eligible.ts';
import { isLoopback } from '../core/published.ts';
import type { Mark } from '../loop/dirty.ts';
import { Host } from '../loop/host.ts';
import { Inventory } from '../loop/inventory.ts';
import type { Stock } from '../loop/inventory.ts';
import { JointEngine } from '../loop/joint-engine.ts';
import { JointInventory } from '../loop/joint-inventory.ts';
import { JointLifecycle } from '../loop/joint-lifecycle.ts';
import { Lifecycle } from '../loop/lifecycle.ts';
import type { Lives } from '../loop/lifecycle.ts';
import { AppError } from '../loop/ports.ts';
import { TaskInventory } from '../loop/task-inventory.ts';
import { UndecidedInventory } from '../loop/undecided-inventory.ts';
import type { Engine, EngineCall, EngineCallResult, EventStream, Reporter } from '../loop/ports.ts';
import { BadSetting } from './settings.ts';
import type { Settings } from './settings.ts';

/** One engine whose events are watched. */
export interface WatchedEngine {
  /** Where there are several: as LBWATCH_ENGINES has it. */
  readonly name: string | undefined;
  readonly engine: DockerEngine;
  /** What it tells of as it happens. */
  readonly events: EventStream;
  readonly lifecycle: Lifecycle;
  /** What its events say is stale, made a mark for a pass over all of them. */
  readonly forward: (mark: (mark: Mark) => void) => (mark: Mark) => void;
  /** Its stream's reports, on their way to those who tell of it. */
  readonly relay: (reporter: Reporter) => Reporter;
}

/** The engine, or several of them as a pass needs them. */
export interface WiredEngines {
  readonly inventory: Stock;
  readonly lifecycle: Lives;
  readonly asked: Pick<Engine, 'inspectContainers' | 'readStartedAt'>;
  readonly watched: readonly WatchedEngine[];
  /** Where the engine is a manager, and its Swarm is what is balanced over. */
  readonly swarm: SwarmEngine | undefined;
  /** Resolves where it turns out late that it should have been a Swarm, to what to say. */
  readonly mistaken: Promise<AppError>;
  /** The one that has a container. */
  readonly engineOf: (containerId: string) => DockerEngine;
  /** For who stays, and holds the claim. */
  readonly settleIn: () => void;
  /** Resolves when what was to be written is. */
  readonly settle: () => Promise<void>;
}

/** What is known when engines are put together. */
export interface EngineContext {
  readonly mark: (mark: Mark) => void;
  readonly noteCall: ((call: EngineCall, result: EngineCallResult) => void) | undefined;
  readonly selfId: string | undefined;
  readonly scope: Scope | 'own';
  /** Whether a pass can do nothing without lbwatch's own container. */
  readonly needsSelf: boolean;
}

/**
 * Throws {@link BadSetting} for what is wrong with LBWATCH_ENGINES, or DOCKER_HOST where that is not set, and for a Swarm
 * where settings do not fit it.
 */
export async function wireEngines(settings: Settings, context: EngineContext): Promise<WiredEngines> {
  if (settings.engines.length > 0) {
    if (settings.swarm !== 'on') return wireSeveral(settings, context);
    throw new BadSetting(
      'LBWATCH_ENGINES and LBWATCH_SWARM=on are both set; a Swarm is one, by any of its managers: set DOCKER_HOST',
    );
  }
  const host = readDockerHost(process.env);
  if (typeof host === 'string') throw new BadSetting(host);
  const engine = new DockerEngine(host, context.noteCall);
  const asksSwarm = (): Promise<boolean> => choosesSwarm(settings.swarm, engine, context.selfId);
  const isSwarm = await unlessSilent(asksSwarm());
  if (isSwarm === true) {
    refuseUnfit(settings);
    useCompilers();
  }
  const swarm =
    isSwarm === true ? new SwarmEngine(new ManagerApi(engine), systemClock, context.selfId, context.scope) : undefined;
  const mistaken = Promise.withResolvers<AppError>();
  const alone =
    isSwarm === undefined ? new UndecidedInventory(engine, asksSwarm, mistaken.resolve) : new Inventory(engine);
  const asked = swarm ?? engine;
  const lifecycle = new Lifecycle(asked, systemClock, settings.leaveEarly);
  return {
    inventory: swarm === undefined ? alone : new TaskInventory(swarm),
    mistaken: mistaken.promise,
    lifecycle,
    asked,
    swarm,
    watched: [
      { name: undefined, engine, events: asked, lifecycle, forward: (mark) => mark, relay: (reporter) => reporter },
    ],
    engineOf: () => engine,
    settleIn: () => undefined,
    settle: () => Promise.resolve(),
  };
}

function wireSeveral(settings: Settings, { mark, noteCall, selfId, needsSelf }: EngineContext): WiredEngines {
  const read = readEngines(settings.engines, process.env);
  if (typeof read === 'string') throw new BadSetting(read);
  const around = { clock: systemClock, store: new SeenFolder(settings.dir), mark };
  const pairs = read.map((dockerHost) => {
    const { name, tcp } = dockerHost;
    const engine = new DockerEngine(dockerHost, noteCall, tcp && new Machine(tcp.host));
    const { leaveEarly: leavesEarly } = settings;
    return { engine, host: new Host({ name, engine, isExposed: isExposed(dockerHost), leavesEarly, selfId }, around) };
  });
  const hosts = pairs.map(({ host }) => host);
  const inventory = new JointInventory(hosts, { clock: systemClock, mark, neededId: needsSelf ? selfId : undefined });
  return {
    inventory,
    lifecycle: new JointLifecycle(hosts, systemClock),
    asked: new JointEngine(inventory, systemClock),
    swarm: undefined,
    mistaken: new Promise(() => undefined),
    watched: pairs.map(({ engine, host }) => ({
      name: host.name,
      engine,
      events: engine,
      lifecycle: host.lifecycle,
      forward: (next) => (mark) => {
        host.take(mark.stale);
        // All of one engine is not all.
        next(mark.stale === 'all' ? { ...mark, stale: new Set() } : mark);
      },
      relay: (next) => ({
        report: (report) => {
          host.note(report);
          const isOfStream = report.kind === 'watching' || report.kind === 'cut';
          next.report(isOfStream ? { ...report, engine: host.name } : report);
        },
      }),
    })),
    engineOf: (containerId) => {
      const owner = inventory.hostOf(containerId);
      const found = pairs.find(({ host }) => host === owner);
      if (found === undefined) throw new TypeError(`no engine has container ${containerId}`);
      return found.engine;
    },
    settleIn: () => {
      inventory.settleIn();
    },
    settle: async () => {
      await Promise.all(hosts.map((host) => host.settle()));
    },
  };
}

async function unlessSilent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

function refuseUnfit({ nginx }: Settings): void {
  if (nginx === 'local') return;
  throw new BadSetting(
    'in a Swarm lbwatch and nginx share a container; use the image that has both (examples/swarm), with LBWATCH_NGINX=local',
  );
}

function isExposed({ tcp }: DockerHost): boolean {
  return (
    tcp !== undefined &&
    tcp.tls === undefined &&
    tcp.host !== 'localhost' &&
    !isLoopback(tcp.host.replace(/[[\]]/g, ''))
  );
}
