import type { Report } from '../stack/check-stack.ts';
import { BadComposeFile } from '../adapters/compose-yaml.ts';
import { readProject, readSiteTexts } from '../adapters/read-stack.ts';
import { checkStack } from '../stack/check-stack.ts';
import { chooseNginxServices } from '../stack/choose-services.ts';
import { sortFindings } from '../stack/finding.ts';
import type { Finding } from '../stack/finding.ts';
import { findLbwatch } from '../stack/roles.ts';
import { printable, printableLine } from '../core/printable.ts';
import { renderTable } from '../report/table.ts';
import { complain, say, sayJson, sayPainted } from './say.ts';
import type { Paint } from './say.ts';
import { showPath } from './shown-path.ts';
import { readStackSettings } from './stack-settings.ts';

interface CheckOptions {
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
  try {
    const { report, isByCompose } = await examine(given, asksDocker, folder, environment);
    if (format === 'json') sayJson(toJson(report, isByCompose));
    else if (format === 'github') say(renderAnnotations(report));
    else sayPainted(renderReport(report), levelPaints);
    return report.findings.some(({ level }) => level !== 'note') ? 1 : 0;
  } catch (error) {
    if (!(error instanceof BadComposeFile)) throw error;
    const message = error.message.replaceAll(`${folder}/`, '');
    if (format === 'github') say(`::error title=lbwatch::${escapeData(printableLine(message))}\n`);
    else complain(`lbwatch: ${printableLine(message)}\n`);
    return 2;
  }
}

const levelPaints: readonly Paint[] = [
  { pattern: /(?<=^[^:]*:\d+:\d+: )error(?=: )/, colour: 'red' },
  { pattern: /(?<=^[^:]*:\d+:\d+: )warning(?=: )/, colour: 'yellow' },
  { pattern: /(?<=^[^:]*:\d+:\d+: )note(?=: )/, colour: 'cyan' },
];

/** Reads a project and checks it; paths as a person in this folder would write them. Throws BadComposeFile. */
export async function examine(
  given: readonly string[],
  asksDocker: boolean,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly report: Report; readonly isByCompose: boolean }> {
  const { project, isByCompose } = await readProject(given, { folder, environment, asksDocker });
  const { settings, findings } = readStackSettings(findLbwatch(project));
  const site = await readSiteTexts(chooseNginxServices(project, settings.nginx), settings.dir);
  const report = checkStack(project, site, settings);
  const all = sortFindings([...report.findings, ...findings]).map((finding) => shorten(finding, folder));
  return { report: { ...report, findings: all }, isByCompose };
}

function shorten(finding: Finding, folder: string): Finding {
  return {
    ...finding,
    message: finding.message.replaceAll(`${folder}/`, './'),
    at: { ...finding.at, file: showPath(finding.at.file, folder) },
  };
}

/** For people: the pools as a table, what there is to say, and the sum. */
export function renderReport({ pools, findings, lbwatch, nginx }: Report): string {
  const rows = pools.flatMap(({ name, protocol, method, members }) => {
    const pool = `${name}${protocol === 'http' ? '' : ` (${protocol})`}`;
    if (members.length === 0) return [[pool, method, '-', '-', '-', '-', '-', 'nobody feeds it: it answers 503']];
    return members.map(({ service, role, replicas, port, state, reason }) => {
      const isTold = state === 'out' && findings.some((one) => one.level === 'error' && one.service === service);
      return [
        pool,
        method,
        printable(service),
        role,
        String(replicas),
        String(port ?? '?'),
        state,
        isTold ? 'see below' : printableLine(reason),
      ];
    });
  });
  const head = ['POOL', 'METHOD', 'SERVICE', 'ROLE', 'REPLICAS', 'PORT', 'STATE', 'REASON'];
  const table = rows.length > 0 ? `${renderTable(head, rows)}\n` : '';
  const problems = findings.filter(({ level }) => level !== 'note').length;
  const sum = problems === 0 ? 'no problems' : problems === 1 ? '1 problem' : `${String(problems)} problems`;
  const who = `nginx: ${nginx.map((name) => printable(name)).join(', ') || 'none'}; lbwatch: ${printable(lbwatch ?? 'none')}`;
  return `${table}${findings.map((finding) => `${describe(finding)}\n`).join('')}${sum} (${who})\n`;
}

function describe({ at, level, service, message }: Finding): string {
  const whose = service === undefined || message.startsWith(`${service} `) ? '' : `${printable(service)}: `;
  return printableLine(`${at.file}:${String(at.line)}:${String(at.column)}: ${level}: ${whose}${message}`);
}

/** GitHub's documentation, "Workflow commands": `::error file=…,line=…,col=…::…` */
function renderAnnotations({ findings }: Report): string {
  return findings
    .map(({ at, level, service, message }) => {
      const text = printableLine(`${service === undefined ? '' : `${service}: `}${message}`);
      const place = `file=${escapeProperty(printableLine(at.file))},line=${String(at.line)},col=${String(at.column)}`;
      return `::${level === 'note' ? 'notice' : level} ${place},title=lbwatch::${escapeData(text)}\n`;
    })
    .join('');
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
