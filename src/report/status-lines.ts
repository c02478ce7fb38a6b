import { printable, printableLine } from '../core/printable.ts';
import { renderDuration } from './duration.ts';
import type { MemberStatus, NginxStatus, OutsideStatus, PoolStatus, StatusDocument } from './status-document.ts';
import { renderTable } from './table.ts';

/** A digest as people compare it. */
const shownDigits = 12;

/** The status document as lines for a person, one line feed after each. Pure; nothing invisible is in it. */
export function renderStatus(document: StatusDocument, nowMs: number): string {
  const { lbwatch, nginx, pools, outside, problems, notes, digest } = document;
  const age = (since: string): string => renderDuration(Math.max(0, nowMs - Date.parse(since)));
  const project = lbwatch.project === null ? '' : ` of ${printable(lbwatch.project)}`;
  const facts = [
    ['lbwatch', `${printable(lbwatch.version)}${project}, started ${age(lbwatch.startedAt)} ago`],
    ['state', describeState(document, age)],
    ['last pass', describeOutcome(document, age)],
    ['wanted', digest === null ? 'not known yet' : `digest ${digest.slice(0, shownDigits)}`],
    ...(nginx.length === 0 ? [['nginx', 'none is known']] : nginx.map((one) => ['nginx', describeNginx(one)])),
  ];
  const heads = facts.map(([head = '', text = '']) => `${head.padEnd(factWidth)}  ${printableLine(text)}\n`).join('');
  const tables = [
    ...pools.map((pool) => renderPool(pool, age)),
    ...(outside.length === 0 ? [] : [renderOutside(outside, age)]),
  ];
  const remarks = [
    ...problems.map(({ container, message, effect }) => {
      const consequence = effect === 'out' ? 'it stays out' : 'the label is ignored';
      return `problem: ${printable(container)}: ${message} (${consequence})`;
    }),
    ...notes.map((note) => `note: ${note}`),
  ];
  return [
    heads,
    ...tables,
    ...(remarks.length === 0 ? [] : [remarks.map((text) => `${printableLine(text)}\n`).join('')]),
  ].join('\n');
}

const factWidth = 'last pass'.length;

type Age = (since: string) => string;

function describeState({ ready, staleSince, stream }: StatusDocument, age: Age): string {
  const heard = stream === 'up' ? '' : "; the engine's events are not heard";
  if (ready) return `in step${heard}`;
  return staleSince === null ? `not in step${heard}` : `stale for ${age(staleSince)}, since ${staleSince}${heard}`;
}

function describeOutcome({ outcome }: StatusDocument, age: Age): string {
  if (outcome === null) return 'none yet';
  const why = outcome.message === undefined ? '' : `: ${outcome.message}`;
  return `${outcome.kind} ${age(outcome.at)} ago${why}`;
}

function describeNginx({ name, version, digest, inStep, answersAt }: NginxStatus): string {
  const who = `${printable(name)}${version === null ? '' : ` ${printable(version)}`}`;
  if (inStep) return `${who} runs it`;
  if (digest === null) return `${who} does not say what it runs; it is asked at ${printable(answersAt)}`;
  return `${who} runs another: digest ${printable(digest).slice(0, shownDigits)}`;
}

function renderPool({ name, protocol, method, members }: PoolStatus, age: Age): string {
  const count = members.filter(({ isIn }) => isIn).length;
  const head = `pool ${printable(name)} (${protocol}, ${printable(method, 300)}): ${String(count)} of ${String(members.length)} in\n`;
  return members.length === 0 ? head : head + renderMembers(members, age);
}

function renderMembers(members: readonly MemberStatus[], age: Age): string {
  const rows = members.map((member) => {
    const { container, role, since, address, reason } = member;
    return [printable(container), role ?? '-', describeMemberState(member), age(since), address ?? '-', reason].map(
      (cell) => printableLine(cell),
    );
  });
  return indent(renderTable(['MEMBER', 'ROLE', 'STATE', 'FOR', 'ADDRESS', 'REASON'], rows));
}

function renderOutside(outside: readonly OutsideStatus[], age: Age): string {
  const rows = outside.map(({ container, pool, since, reason }) =>
    [printable(container), pool === null ? '-' : printable(pool), age(since), reason].map((cell) =>
      printableLine(cell),
    ),
  );
  return `in no pool, though they ask for one\n${indent(renderTable(['CONTAINER', 'ASKS FOR', 'FOR', 'REASON'], rows))}`;
}

/** Whether it is in goes without saying, but where it is not as its state lets expect. */
function describeMemberState({ state, isIn }: MemberStatus): string {
  const isExpected = state === 'ready' || state === 'serving' || state === 'standby';
  if (isIn === isExpected) return state;
  return isIn ? `${state}, in` : `${state}, not in`;
}

function indent(lines: string): string {
  return lines.replace(/^(?=.)/gm, '  ');
}
