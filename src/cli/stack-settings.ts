import { readDockerHost } from '../adapters/docker-host.ts';
import type { StackSettings } from '../stack/check-stack.ts';
import type { Finding } from '../stack/finding.ts';
import type { Service } from '../stack/project.ts';
import { BadSetting, readSettings, settingsTable } from './settings.ts';
import type { Settings } from './settings.ts';

/**
 * The settings that the service of a Compose file would start lbwatch with, and what is wrong with them. One that is not
 * allowed counts as absent.
 *
 * @param service undefined: no service runs lbwatch, so all settings are the defaults
 */
export function readStackSettings(service: Service | undefined): {
  readonly settings: StackSettings;
  readonly findings: readonly Finding[];
} {
  const findings: Finding[] = [];
  const environment: Record<string, string> = {};
  for (const [variable, value] of Object.entries(service?.imageFacts?.environment ?? {})) {
    if (variable.startsWith('LBWATCH_') && refusalOf({ [variable]: value }) === undefined)
      environment[variable] = value;
  }
  for (const [variable, { value, at }] of service?.environment ?? []) {
    if (!variable.startsWith('LBWATCH_')) continue;
    const why = refusalOf({ [variable]: value });
    if (why === undefined) environment[variable] = value;
    else findings.push({ level: 'error', at, service: service?.name, message: why });
  }
  for (const [variable, value] of listFlags(service?.command ?? [])) {
    if (refusalOf({ [variable]: value }) === undefined) environment[variable] = value;
  }
  const host = readDockerHost(hostVariables(service));
  if (typeof host === 'string' && service !== undefined) {
    const at = service.environment.get('DOCKER_HOST')?.at ?? service.at;
    findings.push({ level: 'error', at, service: service.name, message: host });
  }
  return { settings: toStack(readSettings({}, environment), hostVariables(service)), findings };
}

function refusalOf(environment: Readonly<Record<string, string>>): string | undefined {
  try {
    readSettings({}, environment);
    return undefined;
  } catch (error) {
    if (error instanceof BadSetting) return error.message;
    throw error;
  }
}

/** `--nginx web` and `--nginx=web` of a command, by their variables. */
function listFlags(words: readonly string[]): readonly (readonly [string, string])[] {
  return Object.values(settingsTable).flatMap(({ flag, variable }) => {
    const apart = words.indexOf(`--${flag}`);
    const joined = words.find((word) => word.startsWith(`--${flag}=`));
    const value = apart === -1 ? joined?.slice(flag.length + 3) : words[apart + 1];
    return value === undefined ? [] : [[variable, value] as const];
  });
}

/** What says where the engine is. Certificates lie in the container, and are not looked at. */
function hostVariables(service: Service | undefined): Readonly<Record<string, string | undefined>> {
  return { DOCKER_HOST: service?.environment.get('DOCKER_HOST')?.value };
}

function toStack(settings: Settings, host: Readonly<Record<string, string | undefined>>): StackSettings {
  const [only, ...others] = settings.scope;
  const { dir, nginx, pools, checks, failOpen, engines } = settings;
  // Of several engines one at most is behind a socket.
  const at = engines.find((engine) => engine.startsWith('unix://')) ?? engines[0] ?? host['DOCKER_HOST'] ?? '';
  return {
    dir,
    scope:
      others.length === 0 && only === 'project'
        ? 'own'
        : others.length === 0 && only === 'all'
          ? { kind: 'all' }
          : { kind: 'projects', names: settings.scope },
    nginx,
    pools,
    checks,
    failOpen,
    socket: at === '' ? '/var/run/docker.sock' : at.startsWith('unix://') ? at.slice('unix://'.length) : undefined,
  };
}
