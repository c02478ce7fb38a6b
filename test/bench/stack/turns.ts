import type { Connection, SentRequest } from '../../traffic/load/sent-request.ts';
import type { Moment } from '../../traffic/moments.ts';

/** What clients saw of one start or stop of a member. */
export interface Turn {
  readonly kind: Moment['kind'];
  readonly atMs: number;
  /** When the next thing happened to the member; infinite where nothing did. */
  readonly untilMs: number;
  /** From its start to the end of its first answer, in milliseconds; undefined where there was none, or it was stopped. */
  readonly firstAnswerMs: number | undefined;
  /**
   * From its stop to when the last request was sent that it answered, over a connection made for it and over one that was
   * kept; undefined where there was none, or it was started.
   */
  readonly lastSentMs: Readonly<Record<Connection, number | undefined>>;
}

/** The turns of one member, in order. What follows a stop before the next start (`die`) is no turn. Pure. */
export function readTurns(hostname: string, moments: readonly Moment[], sent: readonly SentRequest[]): readonly Turn[] {
  const own = moments
    .filter((moment) => moment.hostname === hostname)
    .filter(({ kind }, index, all) => kind !== all[index - 1]?.kind);
  const answered = sent.filter(({ answer }) => answer.kind === 'app' && answer.hostname === hostname);
  return own.map(({ kind, atMs }, index): Turn => {
    const untilMs = own[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    const none = { 'one-shot': undefined, 'keep-alive': undefined };
    if (kind === 'joins') {
      const ends = answered.filter(({ endMs }) => endMs >= atMs && endMs < untilMs).map(({ endMs }) => endMs);
      const firstAnswerMs = ends.length === 0 ? undefined : Math.min(...ends) - atMs;
      return { kind, atMs, untilMs, firstAnswerMs, lastSentMs: none };
    }
    const fromMs = own[index - 1]?.atMs ?? Number.NEGATIVE_INFINITY;
    const its = answered.filter(({ startMs, endMs }) => startMs >= fromMs && endMs < untilMs);
    const lastSent = (wanted: Connection): number | undefined => {
      const starts = its.filter(({ connection }) => connection === wanted).map(({ startMs }) => startMs);
      return starts.length === 0 ? undefined : Math.max(...starts) - atMs;
    };
    const lastSentMs = { 'one-shot': lastSent('one-shot'), 'keep-alive': lastSent('keep-alive') };
    return { kind, atMs, untilMs, firstAnswerMs: undefined, lastSentMs };
  });
}
