import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { knownLabels } from '../../../src/core/labels.ts';

/** One line of the corpus; corpus/README.md says what must happen to its text. */
export interface HostileText {
  /** Of the file and of the line. */
  readonly name: string;
  readonly text: string;
  /** The labels that take it for what it says. */
  readonly acceptedBy: readonly string[];
}

const folder = join(import.meta.dirname, 'corpus');

/** Every line of every file. Throws on one that cannot be read: it must not be passed over. */
export function readCorpus(): readonly HostileText[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.txt'));
  return files.sort().flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => readLine(file.replace('.txt', ''), line)),
  );
}

function readLine(file: string, line: string): HostileText {
  const [, name, json, count, labels] = /^([a-z0-9-]+) \| (".*?")(?: x (\d+))? \| ([a-z_. ]+)$/.exec(line) ?? [];
  if (name === undefined || json === undefined || labels === undefined) throw new Error(`corpus: ${file}: ${line}`);
  const parse: (text: string) => string = JSON.parse;
  const acceptedBy = labels === 'nowhere' ? [] : labels.split(' ');
  const unknown = acceptedBy.find((label) => !knownLabels.some((known) => known === label));
  if (unknown !== undefined) throw new Error(`corpus: ${file}: ${name}: no label is called ${unknown}`);
  return { name: `${file}: ${name}`, text: parse(json).repeat(Number(count ?? 1)), acceptedBy };
}
