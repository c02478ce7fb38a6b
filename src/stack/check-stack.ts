import type { Reach } from '../core/address.ts';
import type { Surroundings } from '../core/candidate.ts';
import { commonReach, listDoubts } from '../core/choose-nginx.ts';
import { decide, listProbes } from '../core/desired.ts';
import type { Scope } from '../core/eligible.ts';
import type { Container, Desired, Method, Protocol, Role } from '../core/model.ts';
import { unknownBuild } from '../core/nginx-build.ts';
import type { NginxBuild } from '../core/nginx-build.ts';
import type { Probe, Standing } from '../core/probe.ts';
import { readSite } from '../core/site.ts';
import { modulesOfVariables } from '../core/values.ts';
import { foresee, unknownPort } from './as-containers.ts';
import type { Foreseen } from './as-containers.ts';
import { checkLabels } from './check-labels.ts';
import { checkPools } from './check-pools.ts';
import { checkWiring } from './check-wiring.ts';
import { chooseNginxServices } from './choose-services.ts';
import { sortFindings } from './finding.ts';
import type { Finding } from './finding.ts';
import { includesFile } from './includes.ts';
import type { Project, Service, SiteText } from './project.ts';
import { findLbwatch } from './roles.ts';

/** What of lbwatch's settings counts before anything runs. */
export interface StackSettings {
  readonly dir: string;
  readonly scope: Scope | 'own';
  readonly nginx: string | undefined;
  readonly pools: readonly string[];
  readonly checks: boolean;
  readonly failOpen: boolean;
  /** The socket that lbwatch talks to; undefined for a TCP host. */
  readonly socket: string | undefined;
}

/** A pool as it will be when everything runs and is well. */
interface ForeseenPool {
  readonly name: string;
  readonly protocol: Protocol;
  readonly method: Method['kind'];
  readonly members: readonly ForeseenMember[];
}

interface ForeseenMember {
  readonly service: string;
  readonly role: Role;
  readonly replicas: number;
  /** Undefined where only the image tells. */
  readonly port: number | undefined;
  readonly state: 'in' | 'waiting' | 'out';
  readonly reason: string;
}

export interface Report {
  /** The service that runs lbwatch. */
  readonly lbwatch: string | undefined;
  readonly nginx: readonly string[];
  readonly pools: readonly ForeseenPool[];
  /** By file and line. */
  readonly findings: readonly Finding[];
}

/** All parts of the stack that rules look at. */
export interface Stack {
  readonly project: Project;
  readonly settings: StackSettings;
  readonly site: readonly SiteText[];
  readonly foreseen: readonly Foreseen[];
  readonly lbwatch: Service | undefined;
  readonly nginx: readonly Service[];
  readonly desired: Desired;
}

/**
 * Says what the labels of a Compose project would do, and what is in the way, before anything runs: the project as
 * containers that are all well, given to the code that decides about real ones.
 *
 * @param site nginx's configuration, as far as it is visible from here
 */
export function checkStack(project: Project, site: readonly SiteText[], settings: StackSettings): Report {
  const foreseen = foresee(project);
  const containers = foreseen.map(({ container }) => container);
  const lbwatch = findLbwatch(project);
  const nginx = chooseNginxServices(project, settings.nginx);
  const chosen = foreseen.filter(({ service }) => nginx.includes(service)).map(({ container }) => container);
  const desired = foretell(containers, chosen, foreseen, { project, site, settings, lbwatch });
  const stack: Stack = { project, settings, site, foreseen, lbwatch, nginx, desired };
  const doubts = settings.nginx === undefined ? listDoubts(containers, chosen, project.name) : [];
  const findings: readonly Finding[] = [
    ...checkLabels(stack),
    ...checkWiring(stack),
    ...checkPools(stack),
    ...doubts.flatMap((message) =>
      nginx.slice(0, 1).map(({ at, name }): Finding => ({ level: 'warning', at, service: name, message })),
    ),
  ];
  return {
    lbwatch: lbwatch?.name,
    nginx: nginx.map(({ name }) => name),
    pools: listPools(desired, foreseen),
    findings: sortFindings(findings),
  };
}

function foretell(
  containers: readonly Container[],
  chosen: readonly Container[],
  foreseen: readonly Foreseen[],
  { project, site, settings, lbwatch }: Pick<Stack, 'project' | 'site' | 'settings' | 'lbwatch'>,
): Desired {
  const { scope, checks, failOpen, dir } = settings;
  // Without an nginx no network is the wrong one: that nginx is missing is said once, and not of each member.
  const reach: Reach = chosen.length === 0 ? 'any' : commonReach(chosen);
  const own = foreseen.find(({ service }) => service === lbwatch)?.container;
  const surroundings: Surroundings = {
    scope: scope === 'own' ? { kind: 'projects', names: [project.name] } : scope,
    reach,
    ownReach: own === undefined ? reach : commonReach([own]),
    checks,
    departures: new Map(),
    lives: new Map(),
    nowMs: 0,
  };
  const streamsPath = `${dir}/streams.conf`;
  return decide(containers, {
    ...surroundings,
    site: readSite(site.map(({ text }) => text)),
    declaredPools: settings.pools,
    build: anyBuild,
    streams: {
      path: streamsPath,
      isIncluded: site.length === 0 || includesFile(site, streamsPath, 'stream'),
      refusals: new Map(),
    },
    failOpen,
    standings: new Map(listProbes(containers, surroundings).map(({ key, check }) => [key, answering(check)])),
  });
}

/** Which nginx will run is not known before it does: one that has everything. */
const anyBuild: NginxBuild = {
  ...unknownBuild,
  variableModules: [...new Set(modulesOfVariables.values())],
  ...(unknownBuild.stream === undefined ? {} : { stream: { ...unknownBuild.stream, sslPreread: true } }),
};

function answering(check: Probe['check']): Standing {
  const why = check.kind === 'http' ? `when ${check.path} answers` : 'when its port answers';
  return { state: 'passing', why, hasPassed: true, successes: 1, failures: 0 };
}

function listPools({ pools, memberships }: Desired, foreseen: readonly Foreseen[]): readonly ForeseenPool[] {
  const byId = new Map(foreseen.map((one) => [one.container.id, one.service]));
  const names = new Map(pools.map((pool) => [pool.name.toLowerCase(), pool]));
  // A pool that nginx must not get has members that say why.
  const asked = memberships.flatMap(({ pool }) => (pool === undefined ? [] : [pool]));
  const all = [...new Map([...asked, ...pools.map(({ name }) => name)].map((name) => [name.toLowerCase(), name]))];
  return all
    .map(([key, name]): ForeseenPool => {
      const pool = names.get(key);
      const members = memberships
        .filter((row) => row.pool?.toLowerCase() === key)
        .flatMap((row): readonly ForeseenMember[] => {
          const service = byId.get(row.containerId);
          if (service === undefined) return [];
          const port = Number(row.address?.split(':').at(-1));
          return [
            {
              service: service.name,
              role: row.role ?? 'primary',
              replicas: service.replicas,
              port: row.address === undefined || port === unknownPort ? undefined : port,
              state: row.state,
              reason: row.reason,
            },
          ];
        });
      return {
        name: pool?.name ?? name,
        protocol: pool?.protocol ?? 'http',
        method: pool?.method.kind ?? 'round_robin',
        members,
      };
    })
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}
