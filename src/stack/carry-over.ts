import { isPoolName, parseDurationS, parseInteger, parseMethod, poolNameGrammar } from '../core/values.ts';
import type { Project, Service } from './project.ts';
import type { UpstreamBlock, UpstreamServer } from './upstream-blocks.ts';

/** What one service's labels must say for it to be in a pool as the `server` lines had it. */
export interface Share {
  readonly service: Service;
  readonly role: 'primary' | 'backup';
  readonly port: number;
  /** Labels beside `lb.pool` and `lb.backup`. */
  readonly labels: ReadonlyMap<string, string>;
}

/** An upstream block as labels, or why it cannot be that. */
export type CarriedOver =
  { readonly kind: 'carried'; readonly shares: readonly Share[] } | { readonly kind: 'left'; readonly why: string };

/** The labels that say the same as an upstream block (nginx docs, ngx_http_upstream_module). */
export function carryOver(block: UpstreamBlock, project: Project): CarriedOver {
  if (!isPoolName(block.name)) return left(`its name cannot be a pool's: a name is ${poolNameGrammar}`);
  if (block.servers.length === 0) return left('it has no server');
  const common = readSettings(block);
  if (typeof common === 'string') return left(common);
  const shares = new Map<string, Share>();
  for (const server of block.servers) {
    const share = readServer(server, project, common);
    if (typeof share === 'string') return left(`server ${server.address}: ${share}`);
    const known = shares.get(share.service.name);
    if (known !== undefined && !isSameShare(known, share)) {
      return left(`service ${share.service.name} stands in it twice, in different ways, and its labels can say one`);
    }
    shares.set(share.service.name, share);
  }
  return { kind: 'carried', shares: [...shares.values()] };
}

function left(why: string): CarriedOver {
  return { kind: 'left', why };
}

/** The labels of the pool, or what none of them says. */
function readSettings({ settings, protocol }: UpstreamBlock): ReadonlyMap<string, string> | string {
  const labels = new Map<string, string>();
  if (protocol !== 'http') labels.set('lb.protocol', protocol);
  for (const words of settings) {
    const [word = '', first = ''] = words;
    // lbwatch gives each pool a zone of its own.
    if (word === 'zone') continue;
    if (word === 'keepalive' && protocol === 'http' && words.length === 2 && parseInteger(first, 0, 10_000).ok) {
      labels.set('lb.keepalive', first);
      continue;
    }
    if (!['least_conn', 'ip_hash', 'hash', 'random'].includes(word)) return `"${words.join(' ')}" has no label`;
    const method = words.join(' ');
    const parsed = parseMethod(method, protocol);
    if (!parsed.ok) return `"${method}" cannot be a label; lb.method is ${parsed.expected}`;
    labels.set('lb.method', method);
  }
  return labels;
}

function readServer(
  { address, parameters }: UpstreamServer,
  project: Project,
  common: ReadonlyMap<string, string>,
): Share | string {
  if (address.startsWith('unix:')) return 'a unix socket has no label';
  const [, host = '', given] = /^([^:[\]]+)(?::([0-9]+))?$/.exec(address) ?? [];
  const service = findService(project, host);
  if (service === undefined) return `no service of the Compose file is called ${host || address}`;
  const port = Number(given ?? 80);
  const labels = new Map(common);
  let role: Share['role'] = 'primary';
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=');
    if (parameter === 'backup') {
      role = 'backup';
      continue;
    }
    const rule = parameterRules.get(name);
    if (rule === undefined || !parameter.includes('=')) return `"${parameter}" has no label`;
    if (!rule.isAllowed(value)) return `"${parameter}" cannot be a label: ${rule.label} does not take that`;
    if (value !== rule.fallback) labels.set(rule.label, value);
  }
  return { service, role, port, labels };
}

interface ParameterRule {
  readonly label: string;
  /** nginx's own default, which needs no label. */
  readonly fallback: string;
  readonly isAllowed: (value: string) => boolean;
}

const parameterRules: ReadonlyMap<string, ParameterRule> = new Map([
  ['weight', { label: 'lb.weight', fallback: '1', isAllowed: (value) => parseInteger(value, 1, 65_535).ok }],
  ['max_fails', { label: 'lb.max_fails', fallback: '1', isAllowed: (value) => parseInteger(value, 0, 65_535).ok }],
  ['fail_timeout', { label: 'lb.fail_timeout', fallback: '10s', isAllowed: (value) => parseDurationS(value).ok }],
  ['max_conns', { label: 'lb.max_conns', fallback: '0', isAllowed: (value) => parseInteger(value, 0, 1_000_000).ok }],
]);

/** By what Docker's DNS answers: the service, its aliases, the names of its containers. */
function findService({ services, name: project }: Project, host: string): Service | undefined {
  return services.find(({ name, aliases }) => {
    const numbered = host.startsWith(`${project}-${name}-`) || host.startsWith(`${project}_${name}_`);
    return host === name || aliases.includes(host) || (numbered && /[-_][0-9]+$/.test(host));
  });
}

function isSameShare(one: Share, other: Share): boolean {
  return one.role === other.role && one.port === other.port && isSameMap(one.labels, other.labels);
}

/** Whether two sets of labels say the same. */
export function isSameMap(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}
