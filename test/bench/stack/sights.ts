import { median, quantile } from '../samples.ts';
import type { Turn } from './turns.ts';

/** Something that clients notice of a member that comes or goes, in milliseconds after the engine's event. */
export interface Sight {
  readonly title: string;
  readonly read: (turn: Turn) => number | undefined;
}

export const sights: readonly Sight[] = [
  { title: 'first answer of the new member', read: ({ firstAnswerMs }) => firstAnswerMs },
  { title: 'last new connection to the leaving member', read: ({ lastSentMs }) => lastSentMs['one-shot'] },
  { title: 'last request on a kept connection', read: ({ lastSentMs }) => lastSentMs['keep-alive'] },
];

/** Median and 95th percentile. */
export function summarize(turns: readonly Turn[], { read }: Sight): readonly [p50: number, p95: number] {
  const values = turns.flatMap((turn) => read(turn) ?? []);
  return [median(values), quantile(values, 0.95)];
}
