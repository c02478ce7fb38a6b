import { directives } from '../core/nginx-directives.ts';
import type { Stack } from './check-stack.ts';
import type { Finding } from './finding.ts';
import { includesFile } from './includes.ts';
import { placeAt } from './place-at.ts';
import type { Mount, Place, Service, SiteText } from './project.ts';
import { findMount, isWithinPath, listNginxLike, outsidePath, withoutSlash } from './roles.ts';

/** Whether lbwatch and nginx are there, and joined as they must be: the shared directory, the include, the socket, a network. */
export function checkWiring(stack: Stack): readonly Finding[] {
  const { lbwatch, project } = stack;
  const [first] = project.services;
  const top: Place = { file: project.files[0] ?? first?.at.file ?? '', line: 1, column: 1 };
  if (lbwatch === undefined) {
    const asks = stack.desired.memberships.some(({ pool }) => pool !== undefined);
    const message = 'no service runs lbwatch, so labels do nothing; lbwatch init prints one to add';
    return [{ level: asks ? 'error' : 'warning', at: top, service: undefined, message }, ...checkNginx(stack, top)];
  }
  return [...checkNginx(stack, top), ...checkSocket(stack, lbwatch), ...checkSiteMounts(stack, lbwatch)];
}

function checkNginx(stack: Stack, top: Place): readonly Finding[] {
  const { nginx, settings, project } = stack;
  if (nginx.length === 0) {
    const [like] = listNginxLike(project);
    const message =
      settings.nginx === undefined
        ? `no service is nginx to lbwatch; ${like === undefined ? 'call one nginx, or label it lb.nginx: "true"' : `label ${like.name} lb.nginx: "true"`}`
        : `LBWATCH_NGINX is ${settings.nginx}, and no service of this project is called so`;
    return [{ level: 'error', at: like?.at ?? top, service: like?.name, message }];
  }
  return nginx.flatMap((service) => [
    ...checkDirectory(stack, service),
    ...checkNetwork(stack, service),
    ...checkInclude(stack, service),
  ]);
}

/** The directory has to be one and the same volume, at the same path in both. */
function checkDirectory({ lbwatch, settings: { dir } }: Stack, nginx: Service): readonly Finding[] {
  if (lbwatch === undefined || lbwatch === nginx) return [];
  const error = (service: Service, message: string): readonly Finding[] => [
    { level: 'error', at: service.at, service: service.name, message },
  ];
  const theirs = findMount(nginx, dir);
  const ours = findMount(lbwatch, dir);
  if (ours === undefined && theirs === undefined) {
    return error(nginx, `${nginx.name} and ${lbwatch.name} share no volume at ${dir}; mount one there in both`);
  }
  for (const [service, mount, other] of [
    [nginx, theirs, ours],
    [lbwatch, ours, theirs],
  ] as const) {
    if (mount !== undefined) continue;
    const elsewhere = service.mounts.find(({ source }) => source !== undefined && source === other?.source);
    const hint = elsewhere === undefined ? '' : ` rather than at ${elsewhere.target}: the path is the same in both`;
    return error(service, `${service.name} has no volume at ${dir}; mount ${other?.source ?? 'it'} there${hint}`);
  }
  if (ours === undefined || theirs === undefined) return [];
  if (!isSameFolder(ours, theirs, dir)) {
    return error(
      nginx,
      `${dir} is ${show(theirs)} in ${nginx.name} and ${show(ours)} in ${lbwatch.name}; mount the same volume there in both`,
    );
  }
  return ours.isReadOnly
    ? error(lbwatch, `${dir} is read-only in ${lbwatch.name}, which writes there; remove :ro`)
    : [];
}

function isSameFolder(ours: Mount, theirs: Mount, dir: string): boolean {
  if (ours.source === undefined || theirs.source === undefined || ours.kind !== theirs.kind) return false;
  return outsidePath(ours, dir) === outsidePath(theirs, dir);
}

function show({ kind, source }: Mount): string {
  return source === undefined ? 'a volume of its own' : `${kind === 'volume' ? 'volume ' : ''}${source}`;
}

function checkNetwork({ lbwatch, foreseen }: Stack, nginx: Service): readonly Finding[] {
  if (lbwatch === undefined || lbwatch === nginx) return [];
  const networksOf = (service: Service): readonly string[] =>
    foreseen.find((one) => one.service === service)?.container.attachments.map(({ network }) => network) ?? [];
  const [theirs, ours] = [networksOf(nginx), networksOf(lbwatch)];
  if (theirs.includes('host') || ours.some((network) => theirs.includes(network))) return [];
  const message = `${lbwatch.name} shares no network with ${nginx.name} (${theirs.join(', ') || 'none'}), and cannot ask it what it runs; attach it to one of them`;
  return [{ level: 'error', at: lbwatch.at, service: lbwatch.name, message }];
}

function checkInclude({ site, settings: { dir } }: Stack, nginx: Service): readonly Finding[] {
  const path = `${dir}/upstreams.conf`;
  if (site.length === 0) {
    const message = `the configuration of ${nginx.name} cannot be seen here; its http block must say "include ${path};"`;
    return [{ level: 'note', at: nginx.at, service: nginx.name, message }];
  }
  if (includesFile(site, path, 'http')) return [];
  const message = `no file of nginx's configuration includes what lbwatch writes; write "include ${path};" in the http block`;
  return [{ level: 'error', at: findHttp(site), service: nginx.name, message }];
}

/** The http block, else the first file. */
function findHttp(site: readonly SiteText[]): Place {
  for (const { file, text } of site) {
    for (const found of directives(text)) {
      if (found.kind === 'block' && found.words[0] === 'http') return placeAt(file, text, found.from);
    }
  }
  return { file: site[0]?.file ?? '', line: 1, column: 1 };
}

function checkSocket({ settings: { socket } }: Stack, lbwatch: Service): readonly Finding[] {
  if (socket === undefined) return [];
  // /var/run is a link to /run in most images.
  const spellings = [socket, socket.replace(/^\/var\/run\//, '/run/'), socket.replace(/^\/run\//, '/var/run/')];
  if (lbwatch.mounts.some(({ target }) => spellings.some((one) => isWithinPath(one, target)))) return [];
  const message = `${lbwatch.name} has no Docker socket at ${socket}; mount /var/run/docker.sock there, or set DOCKER_HOST to a socket proxy`;
  return [{ level: 'error', at: lbwatch.at, service: lbwatch.name, message }];
}

/** Where nginx's configuration is not mounted into lbwatch, its edits are not noticed and its pools not found. */
function checkSiteMounts({ nginx, settings: { dir } }: Stack, lbwatch: Service): readonly Finding[] {
  return nginx.flatMap((service): readonly Finding[] => {
    if (service === lbwatch) return [];
    const configuration = service.mounts.filter(
      ({ kind, target }) => kind === 'bind' && isWithinPath(target, '/etc/nginx') && !isWithinPath(dir, target),
    );
    return configuration.flatMap(({ source = '', target }): readonly Finding[] => {
      const unseen = `${lbwatch.name} does not see ${target} of ${service.name}: edits there are not noticed, and pools it passes to do not exist while empty; mount ${source} at ${target} too, read-only`;
      const alone = `${target} is a file that is mounted alone: where an editor renames a new one into its place, nobody sees it until the containers are made anew; mount its folder instead`;
      if (!isVisible(lbwatch, source, target)) {
        return [{ level: 'warning', at: lbwatch.at, service: lbwatch.name, message: unseen }];
      }
      return target.endsWith('.conf') ? [{ level: 'note', at: service.at, service: service.name, message: alone }] : [];
    });
  });
}

function isVisible(lbwatch: Service, source: string | undefined, target: string): boolean {
  const mount = findMount(lbwatch, target);
  if (mount?.source === undefined || source === undefined) return false;
  return withoutSlash(outsidePath(mount, target)) === withoutSlash(source);
}
