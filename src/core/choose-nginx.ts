import type { Reach } from './address.ts';
import { isInScope } from './eligible.ts';
import type { Container } from './model.ts';

/**
 * Chooses the containers that are nginx: those the setting names (by container, id or service); else those labelled
 * `lb.nginx` in the own project; else those of its service `nginx`.
 *
 * @param project the controller's own Compose project, where it has one
 */
export function chooseNginx(
  containers: readonly Container[],
  setting: string | undefined,
  project: string | undefined,
): readonly Container[] {
  const isOwn = (container: Container): boolean =>
    project === undefined || isInScope(container, { kind: 'projects', names: [project] });
  const own = containers.filter(
    (container) => isOwn(container) && container.labels['com.docker.compose.oneoff'] !== 'True',
  );
  const isService = (name: string) => (container: Container) => container.labels['com.docker.compose.service'] === name;
  if (setting !== undefined) {
    const named = containers.filter((container) => container.name === setting || isId(container, setting));
    return named.length > 0 ? named : own.filter(isService(setting));
  }
  const labelled = own.filter(({ labels }) => Object.hasOwn(labels, 'lb.nginx') && labels['lb.nginx'] !== 'false');
  return labelled.length > 0 ? labelled : own.filter(isService('nginx'));
}

/** The networks all these containers are attached to; a container on the host's network reaches every bridge. */
export function commonReach(containers: readonly Container[]): Reach {
  const attached = containers
    .map(({ attachments }) => attachments.map(({ network }) => network))
    .filter((networks) => !networks.includes('host'));
  const [first, ...others] = attached;
  if (first === undefined) return 'any';
  return first.filter((network) => others.every((networks) => networks.includes(network)));
}

function isId(container: Container, text: string): boolean {
  return /^[0-9a-f]{12,64}$/.test(text) && container.id.startsWith(text);
}
