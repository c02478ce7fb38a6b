import { expect, test } from '@jest/globals';

import type { Finding } from './run-case.ts';
import { sumUp } from './sum-up.ts';
import { renderRows } from './table.ts';
import { judge, renderVerdict } from './verdict.ts';
import type { Row } from './verdict.ts';

const stop = { name: 'graceful-stop', title: 'one is stopped' };
const crash = { name: 'killed', title: 'crash: one is killed', inFlightMs: 100 };

test('each row has its numbers, a dash where there is none, and below the table why', () => {
  const lines = renderRows([
    row(stop, { requests: 900, p50Ms: 7.4, lastSentMs: -3.2, reasons: {}, clientLagP99Ms: 1.2, clientLagMaxMs: 8.8 }),
    row(crash, {
      requests: 900,
      failed: 2,
      failedPosts: 2,
      failedPostsInFlight: 2,
      reasons: { 'one-shot POST: status 502': 2 },
    }),
    { case: crash, variant: 'static', finding: { kind: 'notRun', why: 'not available' } },
  ]);
  expect(cellsOf(lines, 'graceful-stop  lbwatch')).toEqual([
    'graceful-stop',
    'lbwatch',
    '900',
    '0',
    '0',
    '0',
    '-',
    '0',
    '7',
    '-',
    '0',
    '-3',
    '-',
    '-',
    '1 / 9',
  ]);
  expect(cellsOf(lines, 'killed         lbwatch').slice(2, 7)).toEqual(['900', '2', '0', '2', '2']);
  expect(cellsOf(lines, 'killed         static').slice(2)).toEqual(Array(13).fill('-'));
  expect(lines.slice(-2)).toEqual(['killed, lbwatch: 2 x one-shot POST: status 502', 'killed, static: not available']);
});

test('a member that never answered is no small number', () => {
  expect(cellsOf(renderRows([row(stop, { neverAnswered: 1 })]), 'graceful-stop  lbwatch')).toContain('never');
});

test('a client that was late itself says that the times say little', () => {
  const lines = renderRows([row(stop, { clientLagP99Ms: 51 }), row(crash, { clientLagP99Ms: 49 })]);
  expect(lines.filter((line) => line.includes('has no time for this rate'))).toEqual([
    expect.stringContaining('graceful-stop, lbwatch: '),
  ]);
});

test('only lbwatch is judged, and by its cases in which nothing may be lost', () => {
  const verdict = judge([
    row(stop, { requests: 100, failed: 0 }),
    row(crash, { requests: 100, failed: 2, failedPosts: 2, failedPostsInFlight: 2 }),
    { ...row(stop, { requests: 100, failed: 50 }), variant: 'static' },
  ]);
  expect(verdict.faults).toEqual([]);
  expect(renderVerdict(verdict)).toBe('lost 0 of 100 requests');
});

test.each<[string, Row, string]>([
  ['a loss', row(stop, { requests: 9, failed: 1 }), 'graceful-stop: lost 1 requests'],
  [
    'a crash that cost more than the POSTs in flight',
    row(crash, { failed: 3, failedGets: 1, failedPosts: 2, failedPostsInFlight: 2 }),
    'killed: lost 1 requests besides the POSTs that the dead member had',
  ],
  ['one that never joined', row(stop, { neverAnswered: 2 }), 'graceful-stop: 2 members started and never answered'],
  [
    'a case that broke',
    { case: stop, variant: 'lbwatch', finding: { kind: 'broken', why: 'no' } },
    'graceful-stop: no',
  ],
])('%s is a fault', (_what, one, fault) => {
  expect(judge([one]).faults).toEqual([fault]);
});

test('what was not run is no fault, and no request', () => {
  const finding: Finding = { kind: 'notRun', why: 'not available' };
  expect(judge([{ case: stop, variant: 'lbwatch', finding }])).toEqual({ lost: 0, requests: 0, faults: [] });
});

function row(one: Row['case'], different: Partial<Finding & { readonly kind: 'measured' }>): Row {
  return {
    case: one,
    variant: 'lbwatch',
    finding: { ...sumUp([], [], 0), reloads: 0, loadMs: 0, ...different, kind: 'measured' },
  };
}

function cellsOf(lines: readonly string[], start: string): readonly string[] {
  return (lines.find((line) => line.startsWith(start)) ?? '').split(/ {2,}/);
}
