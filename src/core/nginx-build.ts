import type { Method } from './model.ts';
import { modulesOfVariables } from './values.ts';

/** What the nginx that runs can do, as `nginx -V` tells. */
export interface NginxBuild {
  /** Such as `1.26.3`; undefined while no nginx has been asked. */
  readonly version: string | undefined;
  readonly stubStatus: boolean;
  readonly zone: boolean;
  readonly keepalive: boolean;
  /** `keepalive_min_timeout`: keep-alive clients that are just sending are not reset by a reload. */
  readonly sparesClients: boolean;
  readonly methods: readonly Method['kind'][];
  /** The http modules it has among those that variables of hash keys belong to. */
  readonly variableModules: readonly string[];
  /** Undefined where it has no stream module. */
  readonly stream: StreamBuild | undefined;
  /** Where the master writes its pid, unless the configuration says otherwise. */
  readonly pidPath: string | undefined;
}

/** What its stream module can do. */
interface StreamBuild {
  /** Built as a module that the configuration must load. */
  readonly isDynamic: boolean;
  readonly zone: boolean;
  readonly methods: readonly Method['kind'][];
  /** Whether `$ssl_preread_server_name` exists. */
  readonly sslPreread: boolean;
}

/**
 * Assumed while no nginx runs: only what every build since 1.15.1 has, nothing that must be compiled in. But for the stream
 * module: what is written for it is read by nobody who lacks it.
 */
export const unknownBuild: NginxBuild = {
  version: undefined,
  stubStatus: false,
  zone: true,
  keepalive: true,
  sparesClients: false,
  methods: ['round_robin', 'least_conn', 'ip_hash', 'hash', 'random'],
  variableModules: [],
  stream: {
    isDynamic: false,
    zone: true,
    methods: ['round_robin', 'least_conn', 'hash', 'random'],
    sslPreread: false,
  },
  pidPath: undefined,
};

const sinceRandom = '1.15.1';
const sinceKeepaliveMinTimeout = '1.27.4';

/** What is assumed of an nginx that has told its version only. */
export function buildOfVersion(version: string): NginxBuild {
  return { ...unknownBuild, version, sparesClients: isAtLeast(version, sinceKeepaliveMinTimeout) };
}

/** Reads the output of `nginx -V` (configure options: nginx docs, "Building nginx from Sources"). */
export function readNginxBuild(output: string): NginxBuild {
  const version = /^nginx version: \S+?\/(\d+\.\d+\.\d+)/m.exec(output)?.[1];
  const lacks = (module: string): boolean => output.includes(`--without-${module}`);
  const methods: Method['kind'][] = ['round_robin'];
  if (!lacks('http_upstream_least_conn_module')) methods.push('least_conn');
  if (!lacks('http_upstream_ip_hash_module')) methods.push('ip_hash');
  if (!lacks('http_upstream_hash_module')) methods.push('hash');
  if (!lacks('http_upstream_random_module') && version !== undefined && isAtLeast(version, sinceRandom)) {
    methods.push('random');
  }
  return {
    version,
    stubStatus: output.includes('--with-http_stub_status_module'),
    zone: !lacks('http_upstream_zone_module'),
    keepalive: !lacks('http_upstream_keepalive_module'),
    sparesClients: version !== undefined && isAtLeast(version, sinceKeepaliveMinTimeout),
    methods,
    variableModules: [...new Set(modulesOfVariables.values())].filter((module) => output.includes(`--with-${module}`)),
    stream: readStreamBuild(output, version),
    pidPath: /--pid-path=(\S+)/.exec(output)?.[1],
  };
}

/** `--with-stream`, `--with-stream=dynamic`; its parts are there unless they are left out (since 1.9.0). */
function readStreamBuild(output: string, version: string | undefined): StreamBuild | undefined {
  const has = /--with-stream(=dynamic)?(?=\s|$)/.exec(output);
  if (has === null) return undefined;
  const lacks = (module: string): boolean => output.includes(`--without-stream_${module}_module`);
  const methods: Method['kind'][] = ['round_robin'];
  if (!lacks('upstream_least_conn')) methods.push('least_conn');
  if (!lacks('upstream_hash')) methods.push('hash');
  if (!lacks('upstream_random') && version !== undefined && isAtLeast(version, sinceRandom)) methods.push('random');
  return {
    isDynamic: has[1] !== undefined,
    zone: !lacks('upstream_zone'),
    methods,
    sslPreread: output.includes('--with-stream_ssl_preread_module'),
  };
}

/** What all of several builds can do: one text serves every nginx. */
export function commonBuild(builds: readonly NginxBuild[]): NginxBuild {
  const [first, ...others] = builds;
  if (first === undefined) return unknownBuild;
  return others.reduce(
    (common, build) => ({
      version: common.version === build.version ? common.version : undefined,
      stubStatus: common.stubStatus && build.stubStatus,
      zone: common.zone && build.zone,
      keepalive: common.keepalive && build.keepalive,
      sparesClients: common.sparesClients && build.sparesClients,
      methods: common.methods.filter((method) => build.methods.includes(method)),
      variableModules: common.variableModules.filter((module) => build.variableModules.includes(module)),
      stream: commonStream(common.stream, build.stream),
      pidPath: undefined,
    }),
    first,
  );
}

/** One that lacks the module reads nothing of what is written for it: it need not hold back the others. */
function commonStream(one: StreamBuild | undefined, other: StreamBuild | undefined): StreamBuild | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return {
    isDynamic: one.isDynamic || other.isDynamic,
    zone: one.zone && other.zone,
    methods: one.methods.filter((method) => other.methods.includes(method)),
    sslPreread: one.sslPreread && other.sslPreread,
  };
}

/** Compares dotted versions by their numbers. */
export function isAtLeast(version: string, least: string): boolean {
  const numbers = version.split('.').map(Number);
  const bounds = least.split('.').map(Number);
  for (const [index, bound] of bounds.entries()) {
    const number = numbers[index] ?? 0;
    if (number !== bound) return number > bound;
  }
  return true;
}
