import type { SentRequest } from './load/sent-request.ts';
import type { Moment } from './moments.ts';

/** What a case came to. Durations in milliseconds; null: there was nobody of whom to tell. */
export interface Sum {
  readonly requests: number;
  readonly failed: number;
  readonly failedGets: number;
  readonly failedPosts: number;
  /** Those POSTs of the failed that began before a member died, or just then: nobody can save them. */
  readonly failedPostsInFlight: number;
  /** Answered, but after more than a second. */
  readonly slow: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** From a member's stop to the last request sent that it answered; of several, the latest. Negative: it had left before. */
  readonly lastSentMs: number | null;
  /** The same, to when the last answer came. */
  readonly lastAnsweredMs: number | null;
  /** From a member's start to its first answer; of several, the latest. */
  readonly firstAnswerMs: number | null;
  /** Members that started and never answered. */
  readonly neverAnswered: number;
  /** How late the client itself was, 99th percentile and worst: what is slow by that is not the server's doing. */
  readonly clientLagP99Ms: number | null;
  readonly clientLagMaxMs: number | null;
  /** Why requests failed, and how many for each reason. */
  readonly reasons: Readonly<Record<string, number>>;
}

const slowAfterMs = 1000;

/**
 * Sums up the requests of a case. Pure.
 *
 * @param inFlightMs how long after a member's stop a request may begin and still count as in flight on it
 */
export function sumUp(sent: readonly SentRequest[], moments: readonly Moment[], inFlightMs: number): Sum {
  const failed = sent.filter(({ answer }) => answer.kind === 'failure');
  const answered = sent.filter(({ answer }) => answer.kind === 'app');
  const posts = failed.filter(({ method }) => method === 'POST');
  const latencies = answered.map(({ scheduledMs, endMs }) => endMs - scheduledMs);
  const lags = sent.map(({ scheduledMs, startMs }) => startMs - scheduledMs);
  const stays = readStays(moments);
  const firsts = stays.flatMap((stay) => (stay.fromMs === undefined ? [] : [firstAnswerOf(stay, stay.fromMs, sent)]));
  const lasts = stays.flatMap((stay) => (stay.toMs === undefined ? [] : lastOf(stay, stay.toMs, sent)));
  return {
    requests: sent.length,
    failed: failed.length,
    failedGets: failed.length - posts.length,
    failedPosts: posts.length,
    failedPostsInFlight: posts.filter((request) => wasInFlight(request, moments, inFlightMs)).length,
    slow: latencies.filter((ms) => ms > slowAfterMs).length,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    lastSentMs: greatest(lasts.map(({ sentMs }) => sentMs)),
    lastAnsweredMs: greatest(lasts.map(({ answeredMs }) => answeredMs)),
    firstAnswerMs: greatest(firsts.filter((ms) => ms !== undefined)),
    neverAnswered: firsts.filter((ms) => ms === undefined).length,
    clientLagP99Ms: percentile(lags, 0.99),
    clientLagMaxMs: greatest(lags),
    reasons: countReasons(failed),
  };
}

/** A member's time in its pool, as far as it began or ended while requests were sent. */
interface Stay {
  readonly hostname: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** When it came back after that. */
  readonly backMs?: number;
}

/** One stay for each start, and one for each stop without a start before. What follows a stop (`die`) adds nothing. */
function readStays(moments: readonly Moment[]): readonly Stay[] {
  const stays: Stay[] = [];
  for (const { kind, hostname, atMs } of moments) {
    const index = stays.findLastIndex((stay) => stay.hostname === hostname);
    const current = stays[index];
    if (kind === 'joins') {
      if (current?.toMs !== undefined) stays[index] = { ...current, backMs: atMs };
      // Healthy soon after its start: the start counts.
      if (current === undefined || current.toMs !== undefined) stays.push({ hostname, fromMs: atMs });
    } else if (current === undefined) stays.push({ hostname, toMs: atMs });
    else if (current.toMs === undefined) stays[index] = { ...current, toMs: atMs };
  }
  return stays;
}

function firstAnswerOf(stay: Stay, fromMs: number, sent: readonly SentRequest[]): number | undefined {
  const ends = answeredBy(stay, sent)
    .filter(({ startMs }) => startMs >= fromMs)
    .map(({ endMs }) => endMs);
  return ends.length === 0 ? undefined : least(ends) - fromMs;
}

function lastOf(
  stay: Stay,
  toMs: number,
  sent: readonly SentRequest[],
): readonly { readonly sentMs: number; readonly answeredMs: number }[] {
  const { fromMs = Number.NEGATIVE_INFINITY, backMs = Number.POSITIVE_INFINITY } = stay;
  const its = answeredBy(stay, sent).filter(({ startMs }) => startMs >= fromMs && startMs < backMs);
  const sentMs = greatest(its.map(({ startMs }) => startMs));
  const answeredMs = greatest(its.map(({ endMs }) => endMs));
  return sentMs === null || answeredMs === null ? [] : [{ sentMs: sentMs - toMs, answeredMs: answeredMs - toMs }];
}

function answeredBy({ hostname }: Stay, sent: readonly SentRequest[]): readonly SentRequest[] {
  return sent.filter(({ answer }) => answer.kind === 'app' && answer.hostname === hostname);
}

function wasInFlight(request: SentRequest, moments: readonly Moment[], inFlightMs: number): boolean {
  return moments.some(
    ({ kind, atMs }) =>
      kind === 'leaves' && request.startMs <= atMs + inFlightMs && request.endMs >= atMs - toleranceMs,
  );
}

/** The engine tells of a signal a moment after it was sent. */
const toleranceMs = 20;

function countReasons(failed: readonly SentRequest[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { method, connection, answer } of failed) {
    if (answer.kind !== 'failure') continue;
    const reason = `${connection} ${method}: ${answer.why}`;
    counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}

function percentile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}

function greatest(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((one, other) => Math.max(one, other));
}

function least(values: readonly number[]): number {
  return values.reduce((one, other) => Math.min(one, other));
}
