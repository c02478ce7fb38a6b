import type { Mount, Project, Service } from './project.ts';

/** Which service runs lbwatch: by what it is started with, its image, its variables, or its name. */
export function findLbwatch({ services }: Project): Service | undefined {
  const signs: readonly ((service: Service) => boolean)[] = [
    ({ command }) => /(?:^|\/)lbwatch(?:\.js)?$/.test(command[0] ?? ''),
    ({ environment, imageFacts }) =>
      [...environment.keys(), ...Object.keys(imageFacts?.environment ?? {})].some((name) =>
        name.startsWith('LBWATCH_'),
      ),
    ({ image }) => image !== undefined && imageName(image) === 'lbwatch',
    ({ name }) => name === 'lbwatch',
  ];
  for (const isSign of signs) {
    const found = services.find(isSign);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The services that look like nginx, whatever they are called: by image, by the image they are built from, by what is mounted. */
export function listNginxLike({ services }: Project): readonly Service[] {
  return services.filter(
    ({ image, imageFacts, mounts }) =>
      [image, imageFacts?.base].some((one) => one !== undefined && /^(?:nginx|openresty|angie)/.test(imageName(one))) ||
      mounts.some(({ target, kind }) => kind === 'bind' && isWithinPath(target, '/etc/nginx')),
  );
}

/** The mount that a path in a service's containers belongs to: the innermost. */
export function findMount({ mounts }: Service, path: string): Mount | undefined {
  return mounts
    .filter(({ target }) => isWithinPath(path, target))
    .sort((one, other) => other.target.length - one.target.length)[0];
}

/** Where a path within a mount lies outside of the container: on this machine, or in a volume. */
export function outsidePath({ source = '', target }: Mount, path: string): string {
  return `${withoutSlash(source)}${path.slice(withoutSlash(target).length)}`;
}

/** Whether a path is a folder or lies in it. */
export function isWithinPath(path: string, folder: string): boolean {
  const base = withoutSlash(folder);
  return path === base || path === `${base}/` || path.startsWith(`${base}/`);
}

/** Without slashes at its end. */
export function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

/** `registry.example:5000/library/nginx:1.26@sha256:…` → `nginx` */
function imageName(image: string): string {
  return /([^/:@]+)(?::[^/]*)?(?:@.*)?$/.exec(image)?.[1] ?? image;
}
