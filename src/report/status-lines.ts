import { printable, printableLine } from '../core/printable.ts';
import { renderDuration } from './duration.ts';
import type { MemberStatus, NginxStatus, OutsideStatus, PoolStatus, StatusDocument } from './status-document.ts';
import { renderTable } from './table.ts';
import { describeWho } from './who.ts';

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
  const everybody = [...pools.flatMap(({ members }) => members), ...outside];
  const view = { age, hasNodes: everybody.some(({ node }) => node !== null) };
  const tables = [
    ...pools.map((pool) => renderPool(pool, view)),
    ...(outside.length === 0 ? [] : [renderOutside(outside, view)]),
  ];
  const remarks = [
    ...problems.map(({ container, node, message, effect }) => {
      const consequence = effect === 'out' ? 'it stays out' : 'the label is ignored';
      return `problem: ${describeWho(container, node)}: ${message} (${consequence})`;
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

interface TableView {
  readonly age: Age;
  /** Somebody is on a machine that has a name: there is a column for it. */
  readonly hasNodes: boolean;
}

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

function renderPool({ name, protocol, method, members }: PoolStatus, view: TableView): string {
  const count = members.filter(({ isIn }) => isIn).length;
  const head = `pool ${printable(name)} (${protocol}, ${printable(method, 300)}): ${String(count)} of ${String(members.length)} in\n`;
  return members.length === 0 ? head : head + renderMembers(members, view);
}

function renderMembers(members: readonly MemberStatus[], { age, hasNodes }: TableView): string {
  const head = ['MEMBER', ...(hasNodes ? ['NODE'] : []), 'ROLE', 'STATE', 'FOR', 'ADDRESS', 'REASON'];
  const rows = members.map((member) => {
    const { container, role, since, address, reason } = member;
    const where = hasNodes ? [describeNode(member)] : [];
    return [
      printable(container),
      ...where,
      role ?? '-',
      describeMemberState(member),
      age(since),
      address ?? '-',
      reason,
    ].map((cell) => printableLine(cell));
  });
  return indent(renderTable(head, rows));
}

function renderOutside(outside: readonly OutsideStatus[], { age, hasNodes }: TableView): string {
  const head = ['CONTAINER', ...(hasNodes ? ['NODE'] : []), 'ASKS FOR', 'FOR', 'REASON'];
  const rows = outside.map((one) => {
    const { container, pool, since, reason } = one;
    const where = hasNodes ? [describeNode(one)] : [];
    return [printable(container), ...where, pool === null ? '-' : printable(pool), age(since), reason].map((cell) =>
      printableLine(cell),
    );
  });
  return `in no pool, though they ask for one\n${indent(renderTable(head, rows))}`;
}

function describeNode({ node }: MemberStatus): string {
  return node === null ? '-' : printable(node);
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
