import { relative } from 'node:path/posix';

import { isWithinPath } from './roles.ts';
import type { Service, SiteText } from './project.ts';

/** What the Compose file needs beside labels: for nginx to see what lbwatch writes, and for lbwatch to be there. */
export interface SidecarPlan {
  /** Volumes that nginx gets, in Compose's short form. */
  readonly nginxVolumes: readonly string[];
  /** Volumes of lbwatch. */
  readonly lbwatchVolumes: readonly string[];
  /** Networks of lbwatch; empty: the default one. */
  readonly networks: readonly string[];
  /** A folder that must be there for the volume to be mounted in, since all of nginx's folder is mounted from this machine. */
  readonly mountPoint: string | undefined;
}

/** The name of the volume, and of the service. */
export const sidecarName = 'lbwatch';

/**
 * Plans a sidecar beside an nginx that has none: its configuration is mounted into both, at the paths where it is, and one
 * volume is shared.
 *
 * @param site nginx's configuration as it was found: also what was copied into its image, which lbwatch cannot see there
 * @param folder of the Compose file
 * @param dir LBWATCH_DIR
 */
export function planSidecar(nginx: Service, site: readonly SiteText[], folder: string, dir: string): SidecarPlan {
  const binds = nginx.mounts.filter(({ kind, target }) => kind === 'bind' && isWithinPath(target, '/etc/nginx'));
  const inside = (path: string): boolean => binds.some(({ target }) => isWithinPath(path, target));
  const write = (source: string, target: string): string => `${toRelative(source, folder)}:${target}:ro`;
  const copied = site.filter(({ path }) => !inside(path)).map(({ file, path }) => write(file, path));
  const mounted = binds.map(({ source = '', target }) => write(source, target));
  const around = binds.find(({ target }) => isWithinPath(dir, target));
  const isDefault = nginx.networkKeys.length === 0 || nginx.networkKeys.join() === 'default';
  return {
    nginxVolumes: [...copied, `${sidecarName}:${dir}:ro`],
    lbwatchVolumes: ['/var/run/docker.sock:/var/run/docker.sock', ...mounted, ...copied, `${sidecarName}:${dir}`],
    networks: isDefault ? [] : nginx.networkKeys,
    mountPoint:
      around?.source === undefined
        ? undefined
        : `${around.source.replace(/\/+$/, '')}${dir.slice(around.target.replace(/\/+$/, '').length)}`,
  };
}

function toRelative(path: string, folder: string): string {
  const short = relative(folder, path);
  return short.startsWith('..') ? short : `./${short}`;
}
