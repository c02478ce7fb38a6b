import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { root } from './journey.ts';

/** The README of this checkout. */
export function readReadme(): Promise<string> {
  return readFile(join(root, 'README.md'), 'utf8');
}

/** The rows of the table whose first column has this head; cells trimmed. Throws where there is no such table. */
export function readTable(markdown: string, head: string): readonly (readonly string[])[] {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => new RegExp(`^\\| ${head} +\\|`).test(line));
  if (start === -1) throw new Error(`the README has no table that begins with "${head}"`);
  const body = lines.slice(start + 2);
  const end = body.findIndex((line) => !line.startsWith('|'));
  return body.slice(0, end).map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** The fenced blocks of one language, in order. */
export function readBlocks(markdown: string, language: string): readonly string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1] ?? '');
}

/** The block of a language whose first line is this comment. */
export function readStep(markdown: string, language: string, comment: string): string {
  const block = readBlocks(markdown, language).find((text) => text.startsWith(`# ${comment}\n`));
  if (block === undefined) throw new Error(`the README has no ${language} block that begins with "# ${comment}"`);
  return block;
}
