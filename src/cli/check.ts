import { relative } from 'node:path';

import type { Report } from '../stack/check-stack.ts';
import { checkStack } from '../stack/check-stack.ts';
import { chooseNginxServices } from '../stack/choose-services.ts';
import { sortFindings } from '../stack/finding.ts';
import type { Finding } from '../stack/finding.ts';
import { findLbwatch } from '../stack/roles.ts';
import { printable, printableLine } from '../core/printable.ts';
import { renderTable } from '../report/table.ts';
import { complain, say, sayJson } from './say.ts';
import { readStackSettings } from './stack-settings.ts';

export interface CheckOptions {
  readonly format: 'people' | 'json' | 'github';
  /** Whether `docker compose config` and `docker image inspect` may be asked. */
  readonly asksDocker: boolean;
}

/**
 * Says what the labels in Compose files would do, and what is in the way, before anything runs. Answers the exit code: 0
 * fine, 1 there are errors or warnings, 2 the files cannot be read.
 *
 * @param given Compose files; none: those that Compose would take
 */
export async function check(
  given: readonly string[],
  { format, asksDocker }: CheckOptions,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  // Loaded here, since the controller does without: YAML alone is a tenth of the bundle.
  const { readProject, readSiteTexts } = await import('../adapters/read-stack.ts');
  const { BadComposeFile } = await import('../adapters/compose-yaml.ts');
  try {
    const { project, isByCompose } = await readProject(given, { folder, environment, asksDocker });
    const { settings, findings } = readStackSettings(findLbwatch(project));
    const site = await readSiteTexts(chooseNginxServices(project, settings.nginx), settings.dir);
    const report = checkStack(project, site, settings);
    const all = { ...report, findings: sortFindings([...report.findings, ...findings]).map(from(folder)) };
    if (format === 'json') sayJson(toJson(all, isByCompose));
    else if (format === 'github') sayAnnotations(all);
    else sayReport(all);
    return all.findings.some(({ level }) => level !== 'note') ? 1 : 0;
  } catch (error) {
    if (!(error instanceof BadComposeFile)) throw error;
    const message = error.message.replaceAll(`${folder}/`, '');
    if (format === 'github') say(`::error title=lbwatch::${escapeData(printableLine(message))}\n`);
    else complain(`lbwatch: ${printableLine(message)}\n`);
    return 2;
  }
}

export const checkHelp = `
Without FILE, the files that Compose itself would take: COMPOSE_FILE, else compose.yaml or docker-compose.yaml with its
override, here or in a folder above. Variables, extends, include and several files are resolved by docker compose where
it is installed, else by lbwatch. The engine is asked for one thing at most: which port an image exposes, where a label
leaves the port to the image and the engine has it.

Exit codes: 0 nothing is wrong, 1 there are errors or warnings, 2 the files cannot be read.`;

/** Paths as a person in this folder would write them. */
function from(folder: string): (finding: Finding) => Finding {
  return (finding) => {
    const path = relative(folder, finding.at.file);
    return { ...finding, at: { ...finding.at, file: path.startsWith('..') ? finding.at.file : path } };
  };
}

function sayReport({ pools, findings, lbwatch, nginx }: Report): void {
  const rows = pools.flatMap(({ name, protocol, method, members }) => {
    const pool = `${name}${protocol === 'http' ? '' : ` (${protocol})`}`;
    if (members.length === 0) return [[pool, method, '-', '-', '-', '-', '-', 'nobody feeds it: it answers 503']];
    return members.map(({ service, role, replicas, port, state, reason }) => {
      return [pool, method, printable(service), role, String(replicas), String(port ?? '?'), state, reason];
    });
  });
  const head = ['POOL', 'METHOD', 'SERVICE', 'ROLE', 'REPLICAS', 'PORT', 'STATE', 'REASON'];
  if (rows.length > 0) say(`${renderTable(head, rows)}\n`);
  for (const finding of findings) say(`${describe(finding)}\n`);
  const problems = findings.filter(({ level }) => level !== 'note').length;
  const who = `nginx: ${nginx.map((name) => printable(name)).join(', ') || 'none'}; lbwatch: ${printable(lbwatch ?? 'none')}`;
  say(`${problems === 0 ? 'no problems' : problems === 1 ? '1 problem' : `${String(problems)} problems`} (${who})\n`);
}

function describe({ at, level, service, message }: Finding): string {
  const whose = service === undefined ? '' : `${printable(service)}: `;
  return printableLine(`${at.file}:${String(at.line)}:${String(at.column)}: ${level}: ${whose}${message}`);
}

/** GitHub's documentation, "Workflow commands": `::error file=…,line=…,col=…::…` */
function sayAnnotations({ findings }: Report): void {
  for (const { at, level, service, message } of findings) {
    const text = printableLine(`${service === undefined ? '' : `${service}: `}${message}`);
    const place = `file=${escapeProperty(printableLine(at.file))},line=${String(at.line)},col=${String(at.column)}`;
    say(`::${level === 'note' ? 'notice' : level} ${place},title=lbwatch::${escapeData(text)}\n`);
  }
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

function toJson({ pools, findings, nginx, lbwatch }: Report, isByCompose: boolean): unknown {
  return {
    resolvedBy: isByCompose ? 'docker compose' : 'lbwatch',
    nginx,
    lbwatch: lbwatch ?? null,
    pools: pools.map(({ members, ...pool }) => ({
      ...pool,
      members: members.map(({ port, ...member }) => ({ ...member, port: port ?? null })),
    })),
    findings: findings.map(({ at, level, service, message }) => {
      return { level, ...at, service: service ?? null, message };
    }),
  };
}
