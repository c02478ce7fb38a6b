import { isSamePool, knownLabels } from '../core/labels.ts';
import { directives } from '../core/nginx-directives.ts';
import { parseBackup, parsePoolEntries } from '../core/values.ts';
import { carryOver, isSameMap } from './carry-over.ts';
import type { Share } from './carry-over.ts';
import { applyEdits, lineBreakOf, lineStart, nextLine } from './edit-text.ts';
import type { Edit } from './edit-text.ts';
import { includesFile } from './includes.ts';
import type { Project, Service, SiteText } from './project.ts';
import { listUpstreamBlocks } from './upstream-blocks.ts';
import type { UpstreamBlock } from './upstream-blocks.ts';

/** What `lbwatch init` would do to a site that was written by hand. */
export interface InitPlan {
  /** The blocks that become labels. */
  readonly carried: readonly UpstreamBlock[];
  /** Blocks that stay as they are, and why. */
  readonly left: readonly { readonly block: UpstreamBlock; readonly why: string }[];
  /** Labels to add, by service. */
  readonly labels: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Files of nginx's configuration as they become, by their paths on this machine. */
  readonly siteFiles: ReadonlyMap<string, string>;
}

/**
 * Makes labels of upstream blocks.
 *
 * @param dir LBWATCH_DIR
 * @param describeLocked why labels cannot be added to a service by a program; undefined where they can
 */
export function planInit(
  project: Project,
  site: readonly SiteText[],
  dir: string,
  describeLocked: (service: Service) => string | undefined,
): InitPlan {
  const sums = new Map<string, Sum>();
  const carried: UpstreamBlock[] = [];
  const refused: { block: UpstreamBlock; why: string }[] = [];
  for (const block of listUpstreamBlocks(site)) {
    const result = carryOver(block, project);
    const why = result.kind === 'left' ? result.why : describeClash(block, result.shares, sums, describeLocked);
    if (why !== undefined || result.kind === 'left') {
      refused.push({ block, why: why ?? '' });
      continue;
    }
    carried.push(block);
    for (const share of result.shares) addTo(sums, block, share);
  }
  const labels = new Map<string, ReadonlyMap<string, string>>();
  for (const [name, sum] of sums) {
    const added = new Map([...toLabels(sum)].filter(([label]) => !sum.service.labels.has(label)));
    if (added.size > 0) labels.set(name, added);
  }
  return { carried, left: refused, labels, siteFiles: editSite(site, carried, dir) };
}

/** All that a service's labels must say. */
interface Sum {
  readonly service: Service;
  readonly entries: { pool: string; role: Share['role']; port: number }[];
  readonly labels: ReadonlyMap<string, string>;
}

function addTo(sums: Map<string, Sum>, { name: pool }: UpstreamBlock, { service, role, port, labels }: Share): void {
  const sum = sums.get(service.name) ?? { service, entries: [], labels };
  sum.entries.push({ pool, role, port });
  sums.set(service.name, sum);
}

/** A container has one weight, one method: those of all its pools. */
function describeClash(
  { name: pool }: UpstreamBlock,
  shares: readonly Share[],
  sums: ReadonlyMap<string, Sum>,
  describeLocked: (service: Service) => string | undefined,
): string | undefined {
  for (const { service, role, labels } of shares) {
    const { name } = service;
    const known = sums.get(name);
    if (known !== undefined && !isSameMap(known.labels, labels)) {
      const pools = known.entries.map((entry) => entry.pool).join(', ');
      return `service ${name} is also in ${pools} with other parameters, and a service has one set of labels`;
    }
    for (const [label, value] of labels) {
      const there = service.labels.get(label)?.value;
      if (there !== undefined && there !== value) return `service ${name} says ${label}: ${there} already`;
    }
    const own = role === 'primary' ? 'lb.pool' : 'lb.backup';
    const there = service.labels.get(own)?.value;
    if (there !== undefined && !isAskedFor(there, pool)) {
      return `service ${name} says ${own}: ${there} already; add ${pool} there by hand`;
    }
    if (there === undefined) {
      const locked = describeLocked(service);
      if (locked !== undefined) return locked;
    }
  }
  return undefined;
}

function isAskedFor(value: string, pool: string): boolean {
  const entries = parsePoolEntries(value);
  const backups = entries.ok ? entries : parseBackup(value);
  return backups.ok && backups.value !== true && backups.value.some((entry) => isSamePool(entry.pool, pool));
}

function toLabels({ service, entries, labels }: Sum): ReadonlyMap<string, string> {
  const kind = labels.get('lb.protocol') === 'udp' ? 'udp' : 'tcp';
  const exposed = [...service.exposedPorts, ...(service.imageFacts?.exposedPorts ?? [])];
  const ports = new Set(exposed.filter(({ protocol }) => protocol === kind).map(({ port }) => port));
  const write = (role: Share['role']): string =>
    entries
      .filter((entry) => entry.role === role)
      .map(({ pool, port }) => (ports.size === 1 && ports.has(port) ? pool : `${pool}:${String(port)}`))
      .join(', ');
  const all = new Map([['lb.pool', write('primary')], ['lb.backup', write('backup')], ...labels]);
  return new Map(knownLabels.flatMap((label) => (all.get(label) ? [[label, all.get(label) ?? '']] : [])));
}

/** Takes the carried blocks out, and puts the include where the first of each module stood. */
function editSite(
  site: readonly SiteText[],
  carried: readonly UpstreamBlock[],
  dir: string,
): ReadonlyMap<string, string> {
  const edits = new Map<string, Edit[]>();
  const included = new Set<string>();
  for (const block of carried) {
    const { text, file } = block.site;
    const module = block.protocol === 'http' ? 'http' : 'stream';
    const path = `${dir}/${module === 'http' ? 'upstreams' : 'streams'}.conf`;
    const isThere = included.has(path) || includesFile(site, path, module);
    included.add(path);
    const edit = isThere ? removal(text, block) : { from: block.from, to: block.to, text: `include ${path};` };
    edits.set(file, [...(edits.get(file) ?? []), edit]);
  }
  const httpPath = `${dir}/upstreams.conf`;
  if (carried.length > 0 && !included.has(httpPath) && !includesFile(site, httpPath, 'http')) {
    const { file, edit } = includeInHttp(site, httpPath);
    edits.set(file, [...(edits.get(file) ?? []), edit]);
  }
  const texts = new Map(site.map(({ file, text }) => [file, text]));
  return new Map([...edits].map(([file, list]) => [file, applyEdits(texts.get(file) ?? '', list)]));
}

/** Where only streams are carried over: lbwatch is answered by what it writes for the http block. */
function includeInHttp(site: readonly SiteText[], path: string): { readonly file: string; readonly edit: Edit } {
  for (const { file, text } of site) {
    for (const found of directives(text)) {
      if (found.kind !== 'block' || found.words[0] !== 'http') continue;
      const edit = { from: found.to, to: found.to, text: `${lineBreakOf(text)}    include ${path};` };
      return { file, edit };
    }
  }
  const main = site.find((one) => one.path === '/etc/nginx/nginx.conf') ?? site[0];
  const { file = '', text = '' } = main ?? {};
  const [newline, end] = [lineBreakOf(text), text.length];
  const block = ['', 'http {', `    include ${path};`, '}', ''].join(newline);
  return { file, edit: { from: end, to: end, text: block } };
}

/** Whole lines where the block stands alone on them, and one of the blank lines around it. */
function removal(text: string, { from, to }: { readonly from: number; readonly to: number }): Edit {
  const start = lineStart(text, from);
  const end = nextLine(text, to);
  const isAlone = text.slice(start, from).trim() === '' && text.slice(to, end).trim() === '';
  if (!isAlone) return { from, to, text: '' };
  const newline = lineBreakOf(text);
  const isBlankBefore = start === 0 || text.slice(0, start).endsWith(newline + newline);
  const blank = isBlankBefore && text.slice(end).startsWith(newline) ? newline.length : 0;
  return { from: start, to: end + blank, text: '' };
}
