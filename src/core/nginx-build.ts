import type { Method } from './model.ts';

/** What the nginx that runs can do, as `nginx -V` tells. */
export interface NginxBuild {
  /** Such as `1.26.3`; undefined while no nginx has been asked. */
  readonly version: string | undefined;
  readonly stubStatus: boolean;
  readonly zone: boolean;
  readonly keepalive: boolean;
  readonly methods: readonly Method['kind'][];
  /** Where the master writes its pid, unless the configuration says otherwise. */
  readonly pidPath: string | undefined;
}

/** Assumed while no nginx runs: only what every build since 1.15.1 has, nothing that must be compiled in. */
export const unknownBuild: NginxBuild = {
  version: undefined,
  stubStatus: false,
  zone: true,
  keepalive: true,
  methods: ['round_robin', 'least_conn', 'ip_hash', 'hash', 'random'],
  pidPath: undefined,
};

const sinceRandom = '1.15.1';

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
    methods,
    pidPath: /--pid-path=(\S+)/.exec(output)?.[1],
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
      methods: common.methods.filter((method) => build.methods.includes(method)),
      pidPath: undefined,
    }),
    first,
  );
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
