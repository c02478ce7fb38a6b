import { isSamePool } from '../core/labels.ts';
import { directives } from '../core/nginx-directives.ts';
import { readSite } from '../core/site.ts';
import { placeAt } from './place-at.ts';
import type { Place, SiteText } from './project.ts';

/** An `upstream` block that somebody wrote by hand. */
export interface UpstreamBlock {
  readonly name: string;
  readonly protocol: 'http' | 'tcp' | 'udp';
  readonly site: SiteText;
  readonly at: Place;
  /** Offsets in the file: the whole block. */
  readonly from: number;
  readonly to: number;
  readonly servers: readonly UpstreamServer[];
  /** Its other directives, as words. */
  readonly settings: readonly (readonly string[])[];
}

export interface UpstreamServer {
  /** As written, such as `app:8000`. */
  readonly address: string;
  /** Such as `weight=2` and `backup`. */
  readonly parameters: readonly string[];
}

/** The upstream blocks of a site, in the order of its files. */
export function listUpstreamBlocks(site: readonly SiteText[]): readonly UpstreamBlock[] {
  const udp = site.flatMap(({ text }) => listUdpTargets(text));
  // What a site defines itself is not among the names it passes to: those are read without the blocks.
  const { http, stream } = readSite(site.map(({ text }) => withoutUpstreams(text)));
  return site.flatMap((one) =>
    readBlocks(one).map(({ within, ...block }) => {
      const isNamedBy = (names: readonly string[]): boolean => names.some((name) => isSamePool(name, block.name));
      const isOnlyInStream = isNamedBy(stream.named) && !isNamedBy(http.named);
      if (within !== 'stream' && (within === 'http' || !isOnlyInStream)) return { ...block, protocol: 'http' };
      return { ...block, protocol: isNamedBy(udp) ? 'udp' : 'tcp' };
    }),
  );
}

type RawBlock = Omit<UpstreamBlock, 'protocol'> & { readonly within: 'http' | 'stream' | undefined };

function readBlocks(site: SiteText): readonly RawBlock[] {
  const blocks: RawBlock[] = [];
  let open: { block: Omit<RawBlock, 'to'>; depth: number; servers: UpstreamServer[]; settings: string[][] } | undefined;
  for (const found of directives(site.text)) {
    if (found.kind === 'end') {
      if (open?.depth !== found.depth) continue;
      blocks.push({ ...open.block, to: found.to });
      open = undefined;
      continue;
    }
    const [word = '', first = '', ...rest] = found.words;
    if (open !== undefined) {
      if (word === 'server') open.servers.push({ address: first, parameters: rest });
      else open.settings.push([...found.words]);
    } else if (word === 'upstream' && found.kind === 'block') {
      const servers: UpstreamServer[] = [];
      const settings: string[][] = [];
      const { from, within, depth } = found;
      const at = placeAt(site.file, site.text, from);
      open = { block: { name: first, site, at, from, within, servers, settings }, depth, servers, settings };
    }
  }
  return blocks;
}

function withoutUpstreams(text: string): string {
  return readBlocks({ path: '', file: '', text }).reduceRight(
    (left, { from, to }) => left.slice(0, from) + left.slice(to),
    text,
  );
}

/** What `server` blocks pass to that listen on udp. */
function listUdpTargets(text: string): readonly string[] {
  const targets: string[] = [];
  let isUdp = false;
  let target: string | undefined;
  for (const found of directives(text)) {
    if (found.kind === 'end' || found.words[0] === 'server') {
      if (isUdp && target !== undefined) targets.push(target);
      isUdp = false;
      target = undefined;
      continue;
    }
    if (found.words[0] === 'listen' && found.words.includes('udp')) isUdp = true;
    if (found.words[0] === 'proxy_pass') target = found.words[1];
  }
  return targets;
}
