import type { Reach } from './address.ts';
import { isInScope } from './eligible.ts';
import { claimsNginx } from './labels.ts';
import type { Container } from './model.ts';
import { printable } from './printable.ts';
import { serviceOf } from './project.ts';

/**
 * Chooses the containers that are nginx: those the setting names (by container, id or service); else those labelled
 * `lb.nginx: true` in the own project; else those of its service `nginx`. None of another machine: its files are not here.
 *
 * @param project the controller's own Compose project, where it has one
 */
export function chooseNginx(
  containers: readonly Container[],
  setting: string | undefined,
  project: string | undefined,
): readonly Container[] {
  const own = listOwn(containers, project);
  if (setting !== undefined) {
    const named = containers.filter(
      (container) => isHere(container) && (container.name === setting || isId(container, setting)),
    );
    return named.length > 0 ? named : own.filter(isService(setting));
  }
  const labelled = own.filter(claimsNginx);
  return labelled.length > 0 ? labelled : own.filter(isService('nginx'));
}

/**
 * What a person should know about the choice, a line each. Any container of the project may say that it is nginx, and is
 * believed; but not in silence.
 *
 * @param chosen what {@link chooseNginx} made of the same, without a setting
 */
export function listDoubts(
  containers: readonly Container[],
  chosen: readonly Container[],
  project: string | undefined,
): readonly string[] {
  const list = (some: readonly Container[]): string => some.map(({ name }) => printable(name)).join(', ');
  const remedy = 'set LBWATCH_NGINX to say which is nginx, or remove the label';
  const doubts: string[] = [];
  const passedOver = listOwn(containers, project)
    .filter(isService('nginx'))
    .filter((container) => !chosen.includes(container));
  if (chosen.length > 0 && passedOver.length > 0) {
    doubts.push(
      `${list(chosen)} is kept in step, since it is labelled lb.nginx, and the service nginx is not (${list(passedOver)}); ${remedy}`,
    );
  }
  const reach = commonReach(chosen);
  if (reach !== 'any' && reach.length === 0 && chosen.length > 1) {
    doubts.push(
      `${list(chosen)} are all taken for nginx and share no network, so no member can be reached by all; ${remedy}`,
    );
  }
  return doubts;
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

function listOwn(containers: readonly Container[], project: string | undefined): readonly Container[] {
  return containers.filter(
    (container) =>
      isHere(container) &&
      (project === undefined || isInScope(container, { kind: 'projects', names: [project] })) &&
      container.labels['com.docker.compose.oneoff'] !== 'True',
  );
}

function isHere({ published }: Container): boolean {
  return published === undefined;
}

function isService(name: string): (container: Container) => boolean {
  return (container) => serviceOf(container) === name;
}

function isId(container: Container, text: string): boolean {
  return /^[0-9a-f]{12,64}$/.test(text) && container.id.startsWith(text);
}
