import type { Inspected } from './engine-api.ts';
import type { Mood } from './operations.ts';

/**
 * What should be served, by the README's table of labels and what the engine says: written for itself, sharing nothing
 * with src, and only for what the run does.
 */

/** Somebody whom nginx should know. */
export interface Expected {
  readonly container: string;
  readonly hostname: string;
  readonly role: 'primary' | 'backup';
  /** Behind others: asked only when they cannot answer. */
  readonly standsBy: boolean;
  readonly address: string;
  readonly weight: number;
}

export interface Circumstances {
  readonly project: string;
  readonly pools: readonly string[];
  /** Networks by name. */
  readonly nginxNetworks: readonly string[];
  readonly controllerNetworks: readonly string[];
  /** Ids of containers that were drained by hand. */
  readonly drained: ReadonlySet<string>;
  /** By the name that the app goes by; well where there is none. */
  readonly moods: ReadonlyMap<string, Mood>;
}

interface Asker extends Expected {
  readonly pool: string;
  readonly readiness: 'ready' | 'answering' | 'unhealthy';
}

const goodName = /^[A-Za-z][A-Za-z0-9_-]*$/;
const goodNumber = /^[1-9][0-9]*$/;

/** Who should be in which pool; every pool has its line. Pure. */
export function foretell(
  containers: readonly Inspected[],
  circumstances: Circumstances,
): ReadonlyMap<string, readonly Expected[]> {
  const askers = containers.flatMap((container) => listAskers(container, circumstances));
  return new Map(
    circumstances.pools.map((pool) => [pool, chooseWhoServes(askers.filter((asker) => asker.pool === pool))]),
  );
}

function chooseWhoServes(askers: readonly Asker[]): readonly Expected[] {
  const of = (role: Asker['role'], readiness: Asker['readiness']): readonly Asker[] =>
    askers.filter((asker) => asker.role === role && asker.readiness === readiness);
  const primaries = of('primary', 'ready');
  const backups = of('backup', 'ready');
  if (primaries.length > 0) return [...primaries, ...backups.map((backup) => ({ ...backup, standsBy: true }))];
  const next = [backups, of('primary', 'answering'), of('backup', 'answering'), of('primary', 'unhealthy')];
  return next.find((group) => group.length > 0) ?? of('backup', 'unhealthy');
}

function listAskers(container: Inspected, circumstances: Circumstances): readonly Asker[] {
  const labels = container.Config.Labels ?? {};
  if (labels['com.docker.compose.project'] !== circumstances.project) return [];
  if (labels['com.docker.compose.oneoff'] === 'True') return [];
  if (container.State.Status !== 'running' || circumstances.drained.has(container.Id)) return [];
  if (!areGood(labels)) return [];
  const place = choosePlace(container, labels, circumstances);
  if (place === undefined) return [];
  const readiness = judge(container, labels, circumstances, place.network);
  return listRequests(labels).flatMap(({ pool, role, port }) => {
    const chosen = port ?? labels['lb.port'] ?? onlyPort(container);
    if (chosen === undefined) return [];
    const address = `${place.address}:${chosen}`;
    const name = container.Name.replace(/^\//, '');
    const weight = Number(labels['lb.weight'] ?? 1);
    return [
      { pool, role, standsBy: false, container: name, hostname: container.Config.Hostname, address, weight, readiness },
    ];
  });
}

type Labels = Readonly<Record<string, string>>;

/** A value that does not parse keeps its container out. */
function areGood(labels: Labels): boolean {
  const numbers = ['lb.port', 'lb.weight', 'lb.max_fails', 'lb.max_conns', 'lb.keepalive'];
  return (
    numbers.every((label) => goodNumber.test(labels[label] ?? '1')) &&
    listRequests(labels).every(({ pool, port }) => goodName.test(pool) && goodNumber.test(port ?? '1'))
  );
}

function listRequests(
  labels: Labels,
): readonly { readonly pool: string; readonly role: 'primary' | 'backup'; readonly port: string | undefined }[] {
  const read = (text: string | undefined, role: 'primary' | 'backup') =>
    (text ?? '')
      .split(',')
      .filter((entry) => entry !== '')
      .map((entry) => {
        const [pool = '', port] = entry.trim().split(':');
        return { pool, role, port };
      });
  if (labels['lb.backup'] === 'true') return read(labels['lb.pool'], 'backup');
  return [...read(labels['lb.pool'], 'primary'), ...read(labels['lb.backup'], 'backup')];
}

function choosePlace(
  container: Inspected,
  labels: Labels,
  { project, nginxNetworks }: Circumstances,
): { readonly network: string; readonly address: string } | undefined {
  const wanted = labels['lb.network'];
  const [first] = Object.entries(container.NetworkSettings.Networks)
    .filter(([network, { IPAddress }]) => nginxNetworks.includes(network) && IPAddress !== '')
    .filter(([network]) => wanted === undefined || network === wanted || network === `${project}_${wanted}`)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return first === undefined ? undefined : { network: first[0], address: first[1].IPAddress };
}

function onlyPort({ Config }: Inspected): string | undefined {
  const exposed = Object.keys(Config.ExposedPorts ?? {}).map((key) => key.replace('/tcp', ''));
  if (exposed.length === 1) return exposed[0];
  const variable = Config.Env?.find((line) => line.startsWith('PORT='))?.slice('PORT='.length);
  return exposed.find((port) => port === variable);
}

function judge(
  { State: { Health: health }, Config }: Inspected,
  labels: Labels,
  { controllerNetworks, moods }: Circumstances,
  network: string,
): Asker['readiness'] {
  const check = labels['lb.check'] ?? (health ? 'docker' : 'tcp');
  if (check === 'docker') {
    if (health?.Status === 'healthy') return 'ready';
    return health?.Status === 'starting' ? 'answering' : 'unhealthy';
  }
  const service = Config.Env?.find((line) => line.startsWith('SERVICE='))?.slice('SERVICE='.length) ?? '';
  const isUnwell = (moods.get(service) ?? 'well') !== 'well';
  const isAsked = check.startsWith('http:') && controllerNetworks.includes(network);
  return isAsked && isUnwell ? 'unhealthy' : 'ready';
}
