import { renderTable } from '../demo/narrate.ts';
import type { Row } from './verdict.ts';

const head = [
  ...['case', 'variant', 'requests', 'failed', 'GET', 'POST', 'in flight', '>1 s', 'p50', 'p99', 'reloads'],
  ...['last sent', 'last answer', 'first answer', 'client lag'],
];

const legend = [
  'in flight     of the failed: POSTs that a dead member had',
  '>1 s          answered, but after more than a second',
  'p50, p99      ms, from when the turn of a request was to the end of its answer',
  'last sent     ms from a stop (or pause, or unhealthy) to the last request that the leaving member was sent and answered',
  'last answer   the same, to its last answer; of several members the latest',
  'first answer  ms from a start (or unpause, or healthy again) to the first answer of the joining member',
  'client lag    99th percentile and worst of the ms that the client itself was late',
];

/** A client that is so late has not had the processor; nor had anybody else. */
const busyLagMs = 50;
const busyNote =
  'the client itself was late: the machine has no time for this rate, and the times of this row say little';

/** The rows as a table for people, with what its columns mean, what was not run, and why requests failed. Pure. */
export function renderRows(rows: readonly Row[]): readonly string[] {
  const titles = [...new Map(rows.map(({ case: { name, title } }) => [name, title]))];
  return [
    ...renderTable(head, rows.map(renderRow)),
    '',
    ...legend,
    '',
    ...renderTable(
      ['case', ''],
      titles.map(([name, title]) => [name, title]),
    ),
    ...renderNotes(rows),
  ];
}

function renderRow({ case: { name, inFlightMs }, variant, finding }: Row): readonly string[] {
  if (finding.kind !== 'measured') return [name, variant, ...head.slice(2).map(() => '-')];
  const { firstAnswerMs, neverAnswered, clientLagP99Ms, clientLagMaxMs } = finding;
  return [
    ...[name, variant],
    ...[finding.requests, finding.failed, finding.failedGets, finding.failedPosts].map(String),
    inFlightMs === undefined ? '-' : String(finding.failedPostsInFlight),
    String(finding.slow),
    ...[finding.p50Ms, finding.p99Ms].map(whole),
    String(finding.reloads),
    ...[finding.lastSentMs, finding.lastAnsweredMs].map(whole),
    neverAnswered > 0 ? 'never' : whole(firstAnswerMs),
    `${whole(clientLagP99Ms)} / ${whole(clientLagMaxMs)}`,
  ];
}

function renderNotes(rows: readonly Row[]): readonly string[] {
  const notes = rows.flatMap(({ case: { name }, variant, finding }) => {
    const lines =
      finding.kind === 'measured'
        ? [
            ...Object.entries(finding.reasons).map(([reason, count]) => `${String(count)} x ${reason}`),
            ...((finding.clientLagP99Ms ?? 0) > busyLagMs ? [busyNote] : []),
          ]
        : [finding.why];
    return lines.map((line) => `${name}, ${variant}: ${line}`);
  });
  return notes.length === 0 ? [] : ['', ...notes];
}

function whole(ms: number | null): string {
  return ms === null ? '-' : String(Math.round(ms));
}
