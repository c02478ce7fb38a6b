import { createHash } from 'node:crypto';

import { choosePort } from '../core/address.ts';
import { hasPoolLabel, parseLabels } from '../core/labels.ts';
import type { Container, ExposedPort, Health } from '../core/model.ts';
import type { Project, Service } from './project.ts';

/** A service as the container it would be. */
export interface Foreseen {
  readonly service: Service;
  readonly container: Container;
  /** Its port is what its image exposes, and nobody has looked at that. */
  readonly isPortUnknown: boolean;
}

/** Stands where a port is not known. */
export const unknownPort = 65_535;

const knownByProject = new WeakMap<Project, readonly Foreseen[]>();

/**
 * One container for each service, named like it: running, with an address on each of its networks. The order of the
 * file stands for age. Of one project always the same list: several rules ask for it.
 */
export function foresee(project: Project): readonly Foreseen[] {
  const foreseen = knownByProject.get(project) ?? foreseeAnew(project);
  knownByProject.set(project, foreseen);
  return foreseen;
}

function foreseeAnew(project: Project): readonly Foreseen[] {
  return project.services.map((service, index) => {
    const known = toContainer(project, service, index, []);
    if (!isPortUnknown(service, known)) return { service, container: known, isPortUnknown: false };
    const unknown: readonly ExposedPort[] = [
      { port: unknownPort, protocol: 'tcp' },
      { port: unknownPort, protocol: 'udp' },
    ];
    return { service, container: toContainer(project, service, index, unknown), isPortUnknown: true };
  });
}

/** Whether the labels of a service ask for something that only its image can tell. */
export function needsImage(project: Project, service: Service): boolean {
  return isPortUnknown(service, toContainer(project, service, 0, []));
}

function isPortUnknown(service: Service, container: Container): boolean {
  if (service.imageFacts?.isWhole === true || !hasPoolLabel(container)) return false;
  const { requests, protocol } = parseLabels(container);
  const isOpen = requests.some(({ port }) => !choosePort(container, port, protocol).ok);
  const kind = protocol === 'udp' ? 'udp' : 'tcp';
  return isOpen && !container.exposedPorts.some((one) => one.protocol === kind);
}

function toContainer(project: Project, service: Service, index: number, unknown: readonly ExposedPort[]): Container {
  const { name, imageFacts } = service;
  const labels: Record<string, string> = {};
  for (const [label, { value }] of service.labels) labels[label] = value;
  labels['com.docker.compose.project'] = project.name;
  labels['com.docker.compose.service'] = name;
  const networks = listNetworks(project, service, []);
  const port = service.environment.get('PORT')?.value ?? imageFacts?.environment['PORT'];
  return {
    id: createHash('sha256').update(name).digest('hex'),
    name,
    createdAt: index,
    state: 'running',
    health: chooseHealth(service),
    labels,
    attachments: networks.map((network) => ({ network, address: network === 'host' ? undefined : '192.0.2.1' })),
    exposedPorts: [...service.exposedPorts, ...(imageFacts?.exposedPorts ?? []), ...unknown],
    portVariable: port !== undefined && /^[0-9]+$/.test(port) ? Number(port) : undefined,
  };
}

/** The networks a service's containers are on; those of another's, where it shares them. */
function listNetworks(project: Project, service: Service, seen: readonly string[]): readonly string[] {
  if (service.networks !== undefined) return service.networks;
  const mode = service.networkMode ?? '';
  const owner = project.services.find(({ name }) => mode === `service:${name}`);
  if (owner !== undefined && !seen.includes(owner.name)) return listNetworks(project, owner, [...seen, service.name]);
  return mode === 'host' || mode === 'bridge' ? [mode] : [];
}

/** As it will be once it is well. */
function chooseHealth({ healthcheck, imageFacts, labels }: Service): Health {
  if (healthcheck === 'off') return 'none';
  if (healthcheck === 'on' || imageFacts?.hasHealthcheck === true) return 'healthy';
  // An image that nobody has looked at gets the benefit of the doubt.
  return labels.get('lb.check')?.value === 'docker' && imageFacts?.isWhole !== true ? 'healthy' : 'none';
}
