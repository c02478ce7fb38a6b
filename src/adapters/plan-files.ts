import { dirname, join } from 'node:path';

import { chooseNginxServices } from '../stack/choose-services.ts';
import { planInit } from '../stack/plan-init.ts';
import type { InitPlan } from '../stack/plan-init.ts';
import { planSidecar, sidecarName } from '../stack/plan-sidecar.ts';
import type { Service, SiteText } from '../stack/project.ts';
import { findLbwatch, findMount, listNginxLike } from '../stack/roles.ts';
import { ComposeEditor } from './compose-edit.ts';
import type { Block } from './compose-edit.ts';
import { readSiteTexts } from './read-stack.ts';
import type { ReadProject } from './read-stack.ts';
import type { FileChange } from './write-together.ts';

/** What `lbwatch init` would do, down to the files. */
export interface FilesPlan extends Pick<InitPlan, 'carried' | 'left'> {
  readonly nginx: Service | undefined;
  /** Why nothing can be done; undefined where something can, or nothing needs to be. */
  readonly obstacle: string | undefined;
  /** Empty where there is nothing to do. */
  readonly changes: readonly FileChange[];
}

/**
 * Plans how a stack that was written by hand comes to be lbwatch's. Reads and changes nothing but texts.
 *
 * @param dir LBWATCH_DIR
 * @param settingOfNginx LBWATCH_NGINX
 */
export async function planFiles(
  { project, files }: ReadProject,
  dir: string,
  settingOfNginx: string | undefined,
): Promise<FilesPlan> {
  const chosen = chooseNginxServices(project, settingOfNginx);
  const nginx = chosen[0] ?? listNginxLike(project)[0];
  const nothing = { carried: [], left: [], nginx, changes: [] };
  if (nginx === undefined) return { ...nothing, obstacle: 'no service of the Compose file is nginx, or looks like it' };
  const site = await readSiteTexts([nginx], dir);
  if (site.length === 0) {
    const obstacle = `the configuration of ${nginx.name} cannot be seen: it is neither mounted below /etc/nginx nor copied there by a Dockerfile`;
    return { ...nothing, obstacle };
  }
  const own = files.files.filter(({ path }) => project.files.includes(path));
  const editors = own.map((file) => ({ file, editor: new ComposeEditor(file) }));
  const [main] = editors;
  const editorOf = (service: string): ComposeEditor | undefined =>
    editors.find(({ editor }) => editor.hasService(service))?.editor;
  const describeLocked = ({ name }: Service): string | undefined => {
    const editor = editorOf(name);
    return editor === undefined
      ? `service ${name} is written in an included file; add its labels there by hand`
      : editor.describeLocked(name);
  };
  const { carried, left, labels, siteFiles } = planInit(project, site, dir, describeLocked);
  if (carried.length === 0 || main === undefined) return { ...nothing, left, obstacle: undefined };
  for (const [service, added] of labels) editorOf(service)?.addLabels(service, added);

  const created: FileChange[] = [];
  if (findLbwatch(project) === undefined) {
    const obstacle = describeLocked(nginx) ?? describeHostNetwork(nginx);
    if (obstacle !== undefined) return { ...nothing, left, obstacle };
    const folder = dirname(project.files[0] ?? '');
    const plan = planSidecar(nginx, site, folder, dir);
    if (!chosen.includes(nginx)) editorOf(nginx.name)?.addLabels(nginx.name, new Map([['lb.nginx', 'true']]));
    joinNginx(
      editorOf(nginx.name),
      nginx,
      files.findInService(nginx.name, 'restart') !== undefined,
      plan.nginxVolumes,
      dir,
    );
    main.editor.addService(sidecarName, describeSidecar(plan.lbwatchVolumes, plan.networks));
    main.editor.addVolume(sidecarName);
    if (plan.mountPoint !== undefined) {
      const text = "# lbwatch's volume is mounted here, over this folder.\n";
      created.push({ path: join(plan.mountPoint, '.keep'), before: undefined, after: text });
    }
  }
  const composeChanges = editors.map(({ file, editor }) => ({
    path: file.path,
    before: file.text,
    after: editor.text,
  }));
  const changes = [...composeChanges, ...listSiteChanges(site, siteFiles), ...created];
  return {
    carried,
    left,
    nginx,
    obstacle: undefined,
    changes: changes.filter(({ before, after }) => before !== after),
  };
}

function listSiteChanges(site: readonly SiteText[], texts: ReadonlyMap<string, string>): readonly FileChange[] {
  return [...texts].map(([path, after]) => ({ path, before: site.find(({ file }) => file === path)?.text, after }));
}

function describeHostNetwork({ name, networkMode }: Service): string | undefined {
  return networkMode === undefined
    ? undefined
    : `${name} has network_mode: ${networkMode}; add lbwatch by hand, on a network that reaches it`;
}

/** nginx starts after lbwatch, which writes what it includes, and again where it was too soon. */
function joinNginx(
  editor: ComposeEditor | undefined,
  nginx: Service,
  hasRestart: boolean,
  volumes: readonly string[],
  dir: string,
): void {
  const there = findMount(nginx, dir);
  const isThere = there?.kind === 'volume';
  if (!hasRestart) editor?.addTo(nginx.name, 'restart', 'always');
  editor?.addTo(nginx.name, 'volumes', isThere ? volumes.slice(0, -1) : volumes);
  editor?.addDependency(nginx.name, sidecarName);
}

/** As in the shipped stack. */
function describeSidecar(volumes: readonly string[], networks: readonly string[]): Block {
  return {
    image: 'lbwatch/lbwatch',
    restart: 'always',
    ...(networks.length === 0 ? {} : { networks }),
    volumes,
    read_only: true,
    security_opt: ['no-new-privileges:true'],
    cap_drop: ['ALL'],
    cap_add: ['SETUID', 'SETGID'],
  };
}
