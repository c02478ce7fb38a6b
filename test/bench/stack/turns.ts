import type { SentRequest } from '../../traffic/load/sent-request.ts';
import type { Moment } from '../../traffic/moments.ts';

/** What clients saw of one start or stop of a member. */
export interface Turn {
  readonly kind: Moment['kind'];
  readonly atMs: number;
  /** When the next thing happened to the member; infinite where nothing did. */
  readonly untilMs: number;
  /** From its start to the end of its first answer, or from its stop to when the last request that it answered was sent; in milliseconds, undefined where there was none. */
  readonly seenMs: number | undefined;
}

/** The turns of one member, in order. What follows a stop before the next start (`die`) is no turn. Pure. */
export function readTurns(hostname: string, moments: readonly Moment[], sent: readonly SentRequest[]): readonly Turn[] {
  const own = moments
    .filter((moment) => moment.hostname === hostname)
    .filter(({ kind }, index, all) => kind !== all[index - 1]?.kind);
  const answered = sent.filter(({ answer }) => answer.kind === 'app' && answer.hostname === hostname);
  return own.map(({ kind, atMs }, index) => {
    const untilMs = own[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    if (kind === 'joins') {
      const ends = answered.filter(({ endMs }) => endMs >= atMs && endMs < untilMs).map(({ endMs }) => endMs);
      return { kind, atMs, untilMs, seenMs: ends.length === 0 ? undefined : Math.min(...ends) - atMs };
    }
    const starts = answered.filter(({ startMs }) => startMs < untilMs).map(({ startMs }) => startMs);
    return { kind, atMs, untilMs, seenMs: starts.length === 0 ? undefined : Math.max(...starts) - atMs };
  });
}
