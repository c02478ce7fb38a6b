import { basename, dirname } from 'node:path';

import { needsImage } from '../stack/as-containers.ts';
import type { Project, Service, SiteText } from '../stack/project.ts';
import { isWithinPath, withoutSlash } from '../stack/roles.ts';
import { chooseComposeFiles, readVariables } from './compose-choice.ts';
import { resolveByCompose } from './compose-config.ts';
import { ComposeFiles } from './compose-files.ts';
import type { ReadText } from './compose-files.ts';
import { mapServices } from './compose-map.ts';
import { BadComposeFile } from './compose-yaml.ts';
import { readDockerfile } from './dockerfile.ts';
import { DiskFiles } from './files.ts';
import { inspectLocalImage } from './local-image.ts';
import type { Data } from './raw-data.ts';

/** A Compose project that was read. */
export interface ReadProject {
  readonly project: Project;
  readonly files: ComposeFiles;
  /** Whether Compose itself has put variables in and merged the files; else lbwatch has. */
  readonly isByCompose: boolean;
}

/** Where a project is looked for, and whom to ask. */
export interface Where {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether `docker compose config` and `docker image inspect` may be asked. */
  readonly asksDocker: boolean;
  readonly readText?: ReadText;
}

/**
 * Reads a Compose project before anything of it runs. Throws {@link BadComposeFile}, with place and advice.
 *
 * @param given Compose files; none: those that Compose would take
 */
export async function readProject(given: readonly string[], where: Where): Promise<ReadProject> {
  const { folder, environment, readText } = where;
  // COMPOSE_FILE may stand in .env, beside which Compose is called.
  const paths = chooseComposeFiles(given, folder, await readVariables(folder, environment));
  const [first] = paths;
  if (first === undefined) {
    throw new BadComposeFile(
      `there is no Compose file in ${folder} or above it (compose.yaml, docker-compose.yaml); name one: lbwatch check FILE`,
    );
  }
  const home = dirname(first);
  const variables = await readVariables(home, environment);
  const files = await ComposeFiles.read(paths, readText);
  const resolved = where.asksDocker ? await resolveByCompose(paths) : ({ kind: 'absent' } as const);
  if (resolved.kind === 'refused') throw new BadComposeFile(`docker compose refuses ${first}: ${resolved.message}`);
  const data = resolved.kind === 'resolved' ? resolved.data : files.merge(variables);
  const name = projectName(data, variables, home);
  const services = mapServices(data, {
    projectName: name,
    folder: home,
    variables,
    find: (service, ...path) => files.findInService(service, ...path),
    elsewhere: { file: first, line: 1, column: 1 },
  });
  const project = await addImageFacts({ name, files: paths, services }, where.asksDocker);
  return { project, files, isByCompose: resolved.kind === 'resolved' };
}

/**
 * nginx's configuration as far as it lies on this machine: what is mounted into its containers, or copied into its image.
 *
 * @param dir LBWATCH_DIR: what lies there is not the site's
 */
export async function readSiteTexts(
  services: readonly Service[],
  dir: string,
  readText?: ReadText,
): Promise<readonly SiteText[]> {
  const texts = new Map<string, SiteText>();
  for (const { mounts, imageFacts } of services) {
    const copies = imageFacts?.copies ?? [];
    const binds = mounts.flatMap(({ kind, source, target }) =>
      kind === 'bind' && source !== undefined ? [{ source, target }] : [],
    );
    // A mount hides what the image has there.
    for (const { source, target } of [...copies, ...binds]) {
      if (!isWithinPath(target, '/etc/nginx')) continue;
      for (const { path, text } of await new DiskFiles(nowhere, [source]).readSiteTexts()) {
        const inside = `${withoutSlash(target)}${path.slice(withoutSlash(source).length)}`;
        if (isWithinPath(inside, dir)) continue;
        texts.set(inside, { path: inside, file: path, text: readText === undefined ? text : await readText(path) });
      }
    }
  }
  return [...texts.values()];
}

/** The directory that lbwatch writes to is not there yet. */
const nowhere = '/nonexistent';

/** The default of Compose (its documentation, "Specify a project name"). */
function projectName(data: Data, variables: Readonly<Record<string, string | undefined>>, home: string): string {
  const set = variables['COMPOSE_PROJECT_NAME'];
  if (set !== undefined && set !== '') return set;
  if (typeof data['name'] === 'string' && data['name'] !== '') return data['name'];
  const plain = basename(home)
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '');
  return plain.replace(/^[_-]+/, '') || 'default';
}

/** Images are looked at only where a label leaves its port to them. */
async function addImageFacts(project: Project, asksDocker: boolean): Promise<Project> {
  const services: Service[] = [];
  for (const service of project.services) {
    const built = { ...service, imageFacts: await readDockerfile(service) };
    const asked = asksDocker && service.image !== undefined && needsImage(project, built);
    const local = asked ? await inspectLocalImage(service.image) : undefined;
    const { base, copies = [] } = built.imageFacts ?? {};
    services.push(local === undefined ? built : { ...built, imageFacts: { ...local, base, copies } });
  }
  return { ...project, services };
}
