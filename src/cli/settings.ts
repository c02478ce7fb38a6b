import * as z from 'zod';

import { printable } from '../core/printable.ts';
import { isPoolName, poolNameGrammar } from '../core/values.ts';

/** One setting: a flag, an environment variable, a default and what is allowed. */
interface Setting<T> {
  readonly flag: string;
  readonly variable: string;
  readonly placeholder: string;
  readonly fallback: string | undefined;
  readonly help: string;
  /** Parses the text; its message says what is allowed. */
  readonly schema: z.ZodType<T, string>;
}

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

const durationAllowed = 'a duration such as 500ms, 10s or 5m';
const durationMs = z
  .string()
  .regex(/^[0-9]{1,9}(?:ms|s|m|h)$/, durationAllowed)
  .transform((text) => {
    const factors: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
    return Number.parseInt(text, 10) * (factors[text.replace(/^[0-9]+/, '')] ?? 1);
  })
  .refine((value) => value > 0 && value <= 24 * 3_600_000, `${durationAllowed}, more than nothing and 24h at most`);

const listenAllowed = 'a port, or an IPv4 address and a port such as 127.0.0.1:9181';
const listen = z
  .string()
  .regex(/^(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}:)?[1-9][0-9]{0,4}$/, listenAllowed)
  .transform((text) => {
    const [port = '', address] = text.split(':').reverse();
    return { address, port: Number(port) };
  })
  .refine(({ port }) => port <= 65_534, listenAllowed)
  .refine(({ address }) => address === undefined || z.ipv4().safeParse(address).success, listenAllowed);

const onOff = z.enum(['on', 'off'], 'on or off').transform((text) => text === 'on');

const path = z.string().regex(/^\/[^\s;{}"'$\\]*$/, 'an absolute path without spaces, quotes, ";", "{", "}" or "$"');

/** The whole table: `--help`, the README's table and the parser are made of it. */
export const settingsTable = {
  scope: define({
    flag: 'scope',
    variable: 'LBWATCH_SCOPE',
    placeholder: 'project|all|NAMES',
    fallback: 'project',
    help: 'whose containers may join: the own Compose project, all, or project names, comma-separated',
    schema: list.refine(isScope, { error: 'project, all, or names of Compose projects, comma-separated' }),
  }),
  swarm: define({
    flag: 'swarm',
    variable: 'LBWATCH_SWARM',
    placeholder: 'auto|on|off',
    fallback: 'auto',
    help: "balance over the tasks of Docker Swarm, as a manager lists them; auto: where lbwatch's own container is a task of the engine it looks at",
    schema: z.enum(['auto', 'on', 'off'], 'auto, on or off'),
  }),
  engines: define({
    flag: 'engines',
    variable: 'LBWATCH_ENGINES',
    placeholder: 'URLS',
    fallback: '',
    help: "several engines, comma-separated: this machine's unix://PATH, others' tcp://HOST:PORT; unset: the one of DOCKER_HOST",
    schema: list.refine((urls) => urls.every((url) => /^(?:unix|tcp):\/\/[^\s]+$/.test(url)), {
      error: 'unix:///PATH/OF/docker.sock or tcp://HOST:PORT, comma-separated',
    }),
  }),
  nginx: define({
    flag: 'nginx',
    variable: 'LBWATCH_NGINX',
    placeholder: 'NAME|local',
    fallback: undefined,
    help: 'a container or service name, or local; unset: the container labelled lb.nginx, else the service nginx',
    schema: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'the name of a container or service, or local'),
  }),
  nginxCommand: define({
    flag: 'nginx-command',
    variable: 'LBWATCH_NGINX_COMMAND',
    placeholder: 'COMMAND',
    fallback: 'nginx',
    help: 'with local: how nginx is called, with its -c and -p where it was started with them',
    schema: z.string().regex(/^[\w./=-]+(?: [\w./=-]+)*$/, 'a command and its options, separated by single spaces'),
  }),
  dir: define({
    flag: 'dir',
    variable: 'LBWATCH_DIR',
    placeholder: 'DIR',
    fallback: '/etc/nginx/lbwatch',
    help: 'the directory shared with nginx, where upstreams.conf is written; at the same path in both',
    schema: path,
  }),
  site: define({
    flag: 'site',
    variable: 'LBWATCH_SITE',
    placeholder: 'PATHS',
    fallback: '/etc/nginx',
    help: 'files and folders of the hand-written configuration, comma-separated: watched, and searched for pool names',
    schema: list.pipe(z.array(path).nonempty('one absolute path at least')),
  }),
  pools: define({
    flag: 'pools',
    variable: 'LBWATCH_POOLS',
    placeholder: 'NAMES',
    fallback: '',
    help: 'pools that exist even when nobody is in them, beside those that the site names',
    schema: list.refine((names) => names.every(isPoolName), {
      error: `pool names, comma-separated: ${poolNameGrammar}`,
    }),
  }),
  internal: define({
    flag: 'internal',
    variable: 'LBWATCH_INTERNAL',
    placeholder: '[ADDRESS:]PORT',
    fallback: '9181',
    help: "where nginx answers for lbwatch; the next port answers for empty pools, on nginx's loopback",
    schema: listen,
  }),
  checks: define({
    flag: 'checks',
    variable: 'LBWATCH_CHECKS',
    placeholder: 'on|off',
    fallback: 'on',
    help: 'ask members themselves whether they can serve; off: only the HEALTHCHECK counts',
    schema: onOff,
  }),
  leaveEarly: define({
    flag: 'leave-early',
    variable: 'LBWATCH_LEAVE_EARLY',
    placeholder: 'on|off',
    fallback: 'on',
    help: 'a member leaves when it is told to stop; off: when it has stopped',
    schema: onOff,
  }),
  failOpen: define({
    flag: 'fail-open',
    variable: 'LBWATCH_FAIL_OPEN',
    placeholder: 'on|off',
    fallback: 'on',
    help: 'where nobody is healthy, send to the unhealthy rather than answer 503',
    schema: onOff,
  }),
  handover: define({
    flag: 'handover',
    variable: 'LBWATCH_HANDOVER',
    placeholder: 'on|off',
    fallback: 'on',
    help: "at a reload, tell nginx's old workers to quit as soon as new ones accept, 100 ms before nginx does",
    schema: onOff,
  }),
  resync: define({
    flag: 'resync',
    variable: 'LBWATCH_RESYNC',
    placeholder: 'DURATION',
    fallback: '60s',
    help: 'how often everything is looked at again, events or not',
    schema: durationMs,
  }),
  quiet: define({
    flag: 'quiet',
    variable: 'LBWATCH_QUIET',
    placeholder: 'DURATION',
    fallback: '500ms',
    help: 'joins that follow a reload wait until none came for so long; removals never wait',
    schema: durationMs,
  }),
  maxWait: define({
    flag: 'max-wait',
    variable: 'LBWATCH_MAX_WAIT',
    placeholder: 'DURATION',
    fallback: '1s',
    help: 'the longest that a join waits for others',
    schema: durationMs,
  }),
  status: define({
    flag: 'status',
    variable: 'LBWATCH_STATUS',
    placeholder: '[ADDRESS:]PORT',
    fallback: '127.0.0.1:9180',
    help: 'where the controller says how it is, and takes drains; 9180: on all addresses, for a published port and pre_stop hooks',
    schema: listen,
  }),
  statusNames: define({
    flag: 'status-names',
    variable: 'LBWATCH_STATUS_NAMES',
    placeholder: 'NAMES',
    fallback: '',
    help: 'names with a dot that the controller may be called by, comma-separated: where a proxy passes its own name on',
    schema: list.refine((names) => names.every((name) => /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(name)), {
      error: 'host names, comma-separated, without ports',
    }),
  }),
  logFormat: define({
    flag: 'log-format',
    variable: 'LBWATCH_LOG_FORMAT',
    placeholder: 'pretty|json',
    fallback: 'pretty',
    help: 'readable lines, or one JSON object a line',
    schema: z.enum(['pretty', 'json'], 'pretty or json'),
  }),
  logLevel: define({
    flag: 'log-level',
    variable: 'LBWATCH_LOG_LEVEL',
    placeholder: 'LEVEL',
    fallback: 'info',
    help: 'error, warn, info or debug',
    schema: z.enum(['error', 'warn', 'info', 'debug'], 'error, warn, info or debug'),
  }),
};

type Table = typeof settingsTable;
export type SettingName = keyof Table;
type Value<S> = S extends Setting<infer T> ? T : never;

/** All settings, parsed. A setting without a default may be undefined. */
export type Settings = {
  readonly [Name in SettingName]: Name extends 'nginx' ? Value<Table[Name]> | undefined : Value<Table[Name]>;
};

/** What a person gave, as text: flags, or environment variables by their names. */
export type Texts = Readonly<Record<string, string | undefined>>;

/** A setting was given a value that is not allowed. One line, ready to print. */
export class BadSetting extends Error {
  override readonly name = 'BadSetting';
}

/**
 * Reads every setting from flags (by name) and the environment; a flag beats its variable, an empty variable counts as
 * unset. Throws {@link BadSetting} for what is not allowed, and for an `LBWATCH_…` variable that is no setting.
 */
export function readSettings(flags: Texts, environment: Texts): Settings {
  const known = new Set<string>([...Object.values(settingsTable).map(({ variable }) => variable), 'LBWATCH_USER']);
  const unknown = Object.keys(environment).find((name) => name.startsWith('LBWATCH_') && !known.has(name));
  if (unknown !== undefined) throw new BadSetting(`${printable(unknown)} is no setting; lbwatch run --help lists them`);

  const read = <T>(name: SettingName, setting: Setting<T>): T | undefined => {
    const flag = flags[name];
    const text = flag ?? (environment[setting.variable] || undefined) ?? setting.fallback;
    if (text === undefined) return undefined;
    const parsed = setting.schema.safeParse(text);
    if (parsed.success) return parsed.data;
    const given = flag === undefined ? setting.variable : `--${setting.flag}`;
    throw new BadSetting(
      `${given} is "${printable(text)}"; allowed: ${parsed.error.issues[0]?.message ?? setting.placeholder}`,
    );
  };
  const need = <T>(name: SettingName, setting: Setting<T>): T => {
    const value = read(name, setting);
    if (value === undefined) throw new TypeError(`setting ${name} has no default`);
    return value;
  };
  const t = settingsTable;
  return {
    scope: need('scope', t.scope),
    swarm: need('swarm', t.swarm),
    engines: need('engines', t.engines),
    nginx: read('nginx', t.nginx),
    nginxCommand: need('nginxCommand', t.nginxCommand),
    dir: need('dir', t.dir),
    site: need('site', t.site),
    pools: need('pools', t.pools),
    internal: need('internal', t.internal),
    checks: need('checks', t.checks),
    leaveEarly: need('leaveEarly', t.leaveEarly),
    failOpen: need('failOpen', t.failOpen),
    handover: need('handover', t.handover),
    resync: need('resync', t.resync),
    quiet: need('quiet', t.quiet),
    maxWait: need('maxWait', t.maxWait),
    status: need('status', t.status),
    statusNames: need('statusNames', t.statusNames),
    logFormat: need('logFormat', t.logFormat),
    logLevel: need('logLevel', t.logLevel),
  };
}

/** `project` and `all` stand alone. */
function isScope(names: readonly string[]): boolean {
  const hasWord = names.includes('project') || names.includes('all');
  return (
    names.length > 0 && (!hasWord || names.length === 1) && names.every((name) => /^[a-z0-9][a-z0-9_-]*$/.test(name))
  );
}

function define<T>(setting: Setting<T>): Setting<T> {
  return setting;
}
