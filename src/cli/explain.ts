import { printable, printableLine } from '../core/printable.ts';
import { look } from '../loop/reconcile.ts';
import { explainContainers, renderExplained } from '../report/explained.ts';
import { complain, say, sayJson } from './say.ts';
import type { Settings } from './settings.ts';
import { wire } from './wire.ts';

/**
 * Says of each container, or of those that are meant, whether it is in, waiting or out, and why. Looks for itself and
 * touches nothing. Answers the exit code: 1 where nobody is meant.
 */
export async function explain(settings: Settings, wanted: string | undefined, isJson: boolean): Promise<number> {
  const { parts } = await wire(settings);
  const { containers, desired, rendered, found, notes } = await look(parts);
  const explained = explainContainers(containers, desired, wanted);
  if (wanted !== undefined && explained.rows.length === 0) {
    complain(`no container is called ${printable(wanted)}; lbwatch explain lists them\n`);
    return 1;
  }
  if (isJson) sayJson(explained.rows);
  else say(renderExplained(explained));
  for (const note of notes) complain(`note: ${printableLine(note)}\n`);
  if (found.missing !== undefined) complain(`note: ${printableLine(found.missing)}\n`);
  for (const target of found.targets) {
    if ((await target.askDigest()) === rendered.digest) continue;
    complain(`note: ${printable(target.name)} does not run this yet; lbwatch doctor says what is in the way\n`);
  }
  return 0;
}
