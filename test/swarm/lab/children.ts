import { readFile } from 'node:fs/promises';

import { eventually } from '../../support/eventually.ts';

/** The process that another one has started, as soon as there is one. */
export function onlyChildOf(pid: number): Promise<number> {
  return eventually(
    `a child of process ${String(pid)}`,
    async () => {
      const children = await readFile(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
      if (children.trim() === '') throw new Error('it has none');
      return Number(children.trim().split(' ')[0]);
    },
    { withinMs: 10_000, everyMs: 5 },
  );
}
