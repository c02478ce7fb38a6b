import { access, constants, readdir, stat } from 'node:fs/promises';

import { findHolder } from '../adapters/claim.ts';
import type { EngineVersion } from '../adapters/docker-map.ts';
import { describeObstacle } from '../core/streams-standing.ts';
import { messageOf } from '../core/error-words.ts';
import { printable, printableLine } from '../core/printable.ts';
import type { Plan } from '../loop/reconcile.ts';
import { look } from '../loop/reconcile.ts';
import { AppError } from '../loop/ports.ts';
import type { Target, Verdict } from '../loop/ports.ts';
import { say, sayJson } from './say.ts';
import type { Settings } from './settings.ts';
import { wire } from './wire.ts';
import type { Wired } from './wire.ts';
import type { WatchedEngine } from './wire-engines.ts';

/** One thing looked at: how it is, and where it is not well, what to do. */
interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly detail: string;
}

/**
 * Looks at everything lbwatch depends on: socket, permissions, nginx, the shared directory, the included file. Touches
 * nothing. Answers the exit code: 1 where something failed.
 */
export async function doctor(settings: Settings, isJson: boolean): Promise<number> {
  const wired = await wire(settings);
  const findings: Finding[] = [
    ...(await checkSockets(wired)),
    await checkDirectory(settings),
    await checkSite(settings, wired),
  ];
  const plan = await attempt('containers', () => look(wired.parts));
  if ('check' in plan) findings.push(plan);
  else {
    if (wired.swarm !== undefined) findings.push(describeSwarm(plan));
    findings.push(describeContainers(plan), ...(await checkNginx(plan, wired)));
    findings.push(...plan.notes.map((note) => warn('notes', note)));
    findings.push(
      ...plan.desired.problems.map(({ container, message }) => warn('labels', `${printable(container)}: ${message}`)),
    );
  }
  if (isJson) sayJson(findings);
  else
    for (const { check, state, detail } of findings)
      say(`${state.padEnd(8)} ${check.padEnd(10)} ${printableLine(detail)}\n`);
  return findings.some(({ state }) => state === 'failed') ? 1 : 0;
}

function checkSockets({ engines }: Wired): Promise<readonly Finding[]> {
  return Promise.all(engines.map(checkSocket));
}

async function checkSocket({ name, engine }: WatchedEngine): Promise<Finding> {
  const version = await attempt('socket', () => engine.readVersion());
  // The message of a failure names the engine.
  if ('check' in version) return version;
  const lacks = lacking(version);
  const answers = `${version.text} answers${name === undefined ? '' : ` at ${name}`}`;
  return lacks === undefined ? ok('socket', answers) : warn('socket', `${answers}; ${lacks}`);
}

/** What of an engine's lacks changes what lbwatch can do. */
function lacking({ isPodman, api }: EngineVersion): string | undefined {
  if (isPodman) {
    return 'Podman does not tell of calls to stop: members leave when they have ended, and not before (pre_stop hooks and lbwatch drain help)';
  }
  const [, major = 0, minor = 0] = (/^([0-9]+)\.([0-9]+)$/.exec(api) ?? []).map(Number);
  const isOlder = major < oldestApi[0] || (major === oldestApi[0] && minor < oldestApi[1]);
  return isOlder ? `lbwatch is tested with API ${oldestApi.join('.')} and newer` : undefined;
}

/** Of Docker 20.10. */
const oldestApi = [1, 41] as const;

async function checkDirectory({ dir }: Settings): Promise<Finding> {
  try {
    if (!(await stat(dir)).isDirectory())
      return fail('directory', `${dir} is no directory; mount the shared volume there`);
    await access(dir, constants.W_OK | constants.X_OK);
  } catch (error) {
    const user = String(process.getuid?.() ?? 'unknown');
    return fail(
      'directory',
      `cannot write in ${dir} (${messageOf(error)}); mount the shared volume there, and give it to user ${user} (chown ${user}) where it is not`,
    );
  }
  const names = await readdir(dir);
  const holder = findHolder(dir);
  const kept = holder === undefined ? 'no lbwatch keeps it at present' : `kept by ${holder}`;
  return ok(
    'directory',
    `${dir} is writable (${names.filter((name) => !name.startsWith('.')).join(', ') || 'empty'}); ${kept}`,
  );
}

async function checkSite({ site }: Settings, { files }: Wired): Promise<Finding> {
  const read = await attempt('site', () => files.readSite());
  if ('check' in read) return read;
  const { site: names, fileCount } = read;
  const union = (kind: 'named' | 'defined'): readonly string[] => [
    ...new Set([...names.http[kind], ...names.stream[kind]]),
  ];
  const [named, defined] = [union('named'), union('defined')];
  if (fileCount === 0) {
    return warn(
      'site',
      `no configuration is visible in ${site.join(', ')}: edits are not noticed and pools not found by themselves; mount nginx's own configuration there, read-only`,
    );
  }
  const pools = named.length > 0 ? `it passes to ${named.join(', ')}` : 'it names no pool';
  const own = defined.length > 0 ? `; upstreams of its own: ${defined.join(', ')}` : '';
  return ok('site', `${String(fileCount)} files in ${site.join(', ')}; ${pools}${own}`);
}

function describeSwarm({ containers }: Plan): Finding {
  const count = (values: readonly unknown[]): string => String(new Set(values).size);
  const tasks = `${String(containers.length)} tasks of ${count(containers.map(({ task }) => task?.service))} services`;
  return ok('swarm', `${tasks} on ${count(containers.map(({ node }) => node))} machines`);
}

function describeContainers({ desired }: Plan): Finding {
  const count = (state: string): string => String(desired.memberships.filter((row) => row.state === state).length);
  const pools = desired.pools.map(
    ({ name, protocol, members }) => `${name} (${protocol === 'http' ? '' : `${protocol}, `}${String(members.length)})`,
  );
  return ok(
    'containers',
    `${count('in')} in, ${count('waiting')} waiting, ${count('out')} out; pools: ${pools.join(', ') || 'none'}`,
  );
}

async function checkNginx({ found, rendered, desired }: Plan, { files }: Wired): Promise<readonly Finding[]> {
  if (found.missing !== undefined) {
    return [fail('nginx', `${found.missing}; start it, label its container lb.nginx: "true", or set LBWATCH_NGINX`)];
  }
  const findings: Finding[] = [];
  for (const target of found.targets) {
    const finding = await attempt('nginx', () => checkTarget(target, rendered.digest, files.generatedPath));
    findings.push(finding);
  }
  if (desired.pools.some(({ protocol }) => protocol !== 'http')) {
    findings.push(await attempt('streams', () => checkStreams(found.targets, files.streamsPath)));
  }
  return findings;
}

async function checkTarget(target: Target, digest: string, path: string): Promise<Finding> {
  const build = await target.readBuild();
  const who = `${target.name} (${build.version ?? 'unknown version'})`;
  const verdict = await target.validate();
  if (verdict.accepted === false) return fail('nginx', `${who} refuses its configuration: ${verdict.message}`);
  const isIncluded = await target.includes(path);
  if (isIncluded === false) {
    return fail(
      'nginx',
      `${who} does not include ${path}; write "include ${path};" in its http block, and mount the shared volume there`,
    );
  }
  const running = await target.askDigest();
  if (running === undefined) {
    return fail(
      'nginx',
      `${who} does not answer at ${target.answersAt}; lbwatch must share a network with it, and nothing else may listen there${isIncluded === undefined ? `; its http block must say "include ${path};"` : ''}`,
    );
  }
  if (running !== digest) {
    return warn(
      'nginx',
      `${who} runs another configuration than the labels ask for; a pass is under way, or no controller runs`,
    );
  }
  const how = await describeWay(target, verdict);
  return ok('nginx', `${who} runs what the labels ask for (digest ${running.slice(0, 12)})${how}`);
}

/** What the way to this nginx does without. */
async function describeWay(target: Target, { accepted }: Verdict): Promise<string> {
  if (accepted === undefined) {
    return '; signalled over the shared pid namespace: not tested before a reload, undone within seconds where nginx refuses';
  }
  return (await target.canHandOver())
    ? ''
    : '; no early handover: its processes cannot be reached (no sh in its container, or exec is refused)';
}

/** Looked at where there are tcp or udp pools; of several nginx not each need serve them. */
async function checkStreams(targets: readonly Target[], path: string): Promise<Finding> {
  const obstacles: string[] = [];
  for (const target of targets) {
    const isIncluded = (await target.includes(path)) ?? true;
    const obstacle = describeObstacle(await target.readBuild(), { path, isIncluded });
    if (obstacle !== undefined) obstacles.push(`${target.name}: ${obstacle}`);
  }
  if (obstacles.length === 0) return ok('streams', `nginx includes ${path}`);
  return (obstacles.length < targets.length ? warn : fail)('streams', obstacles.join('; '));
}

/** What a check finds out, or the failure that says why it could not. */
async function attempt<T>(check: string, look: () => Promise<T>): Promise<T | Finding> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof AppError) return fail(check, error.message);
    throw error;
  }
}

function ok(check: string, detail: string): Finding {
  return { check, state: 'ok', detail };
}

function warn(check: string, detail: string): Finding {
  return { check, state: 'warning', detail };
}

function fail(check: string, detail: string): Finding {
  return { check, state: 'failed', detail };
}
