import { chooseNginx } from '../core/choose-nginx.ts';
import { foresee } from './as-containers.ts';
import type { Project, Service } from './project.ts';
import { findLbwatch } from './roles.ts';

/**
 * The services that lbwatch would take for nginx. With `local`, nginx runs beside lbwatch in one container.
 *
 * @param setting LBWATCH_NGINX
 */
export function chooseNginxServices(project: Project, setting: string | undefined): readonly Service[] {
  if (setting === 'local') {
    const lbwatch = findLbwatch(project);
    return lbwatch === undefined ? [] : [lbwatch];
  }
  const foreseen = foresee(project);
  // By service, or by the name that Compose would give its container.
  const named = foreseen.find(({ service }) => setting !== undefined && service.containerName === setting)?.container
    .name;
  const chosen = chooseNginx(
    foreseen.map(({ container }) => container),
    named ?? setting,
    project.name,
  );
  return foreseen.filter(({ container }) => chosen.includes(container)).map(({ service }) => service);
}
