import { createTwoFilesPatch } from 'diff';

import { isSame } from '../core/render.ts';
import { look } from '../loop/reconcile.ts';
import { say } from './say.ts';
import type { Settings } from './settings.ts';
import { wire } from './wire.ts';

/**
 * Prints what a pass would write: upstreams.conf, and where there are tcp or udp pools streams.conf; with `isDiff` the difference to what is there. Touches nothing. Answers the exit code:
 * with `isDiff`, 1 where there is a difference, as diff(1) does.
 */
export async function render(settings: Settings, isDiff: boolean): Promise<number> {
  const { parts, files } = await wire(settings);
  const { desired, rendered } = await look(parts);
  if (!isDiff) {
    const hasStreams = desired.pools.some(({ protocol }) => protocol !== 'http');
    say(hasStreams ? `${rendered.text}\n${rendered.streams}` : rendered.text);
    return 0;
  }
  const there = await files.readGenerated();
  if (isSame(there, rendered)) return 0;
  const pairs = [
    [files.generatedPath, there?.text ?? '', rendered.text],
    [files.streamsPath, there?.streams ?? '', rendered.streams],
  ] as const;
  for (const [path, old, wanted] of pairs) {
    if (old !== wanted) say(createTwoFilesPatch(path, 'wanted', old, wanted));
  }
  return 1;
}
