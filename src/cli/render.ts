import { createTwoFilesPatch } from 'diff';

import { look } from '../loop/reconcile.ts';
import type { Settings } from './settings.ts';
import { wire } from './wire.ts';

/**
 * Prints what a pass would write; with `isDiff` the difference to what is there. Touches nothing. Answers the exit code:
 * with `isDiff`, 1 where there is a difference, as diff(1) does.
 */
export async function render(settings: Settings, isDiff: boolean): Promise<number> {
  const { parts, files } = await wire(settings);
  const { rendered } = await look(parts);
  if (!isDiff) {
    process.stdout.write(rendered.text);
    return 0;
  }
  const there = (await files.readGenerated()) ?? '';
  if (there === rendered.text) return 0;
  process.stdout.write(createTwoFilesPatch(files.generatedPath, 'wanted', there, rendered.text));
  return 1;
}
