/**
 * How fast lbwatch is and what it costs, by numbers of one run. Ends with exit code 1 where a count is not as it should
 * be; times depend on the machine, and are told.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { messageOf } from '../../src/core/error-words.ts';
import { runProgram } from '../support/program.ts';
import type { Bench, Finding, Group } from './group.ts';
import { describeMachine } from './machine.ts';
import { readOptions, usage } from './options.ts';
import type { Options } from './options.ts';
import { renderMarkdown, renderText, renderVerdict } from './report.ts';
import type { Result } from './report.ts';

const document = join(import.meta.dirname, '../../docs/performance.md');

async function main(options: Options, interrupted: AbortSignal): Promise<number> {
  // With --json, stdout is for the object alone.
  const tell = (line: string): void => {
    (options.isJson ? process.stderr : process.stdout).write(`${line}\n`);
  };
  const machine = describeMachine();
  for (const line of machine) tell(line);
  const results: Result[] = [];
  for (const group of options.groups) {
    interrupted.throwIfAborted();
    tell(`\n${group.title} …`);
    const finding = await run(group, { isQuick: options.isQuick, interrupted, tell });
    results.push({ group: { name: group.name, title: group.title }, finding });
    for (const line of renderText({ group, finding })) tell(line);
    // After each group, since the last of them comes hours after the first.
    if (options.doesWrite) {
      await mkdir(dirname(document), { recursive: true });
      await writeFile(document, renderMarkdown(results, machine, 'npm run bench -- --write'));
    }
  }
  if (options.isJson) process.stdout.write(`${JSON.stringify({ machine, results }, undefined, 2)}\n`);
  tell('');
  tell(renderVerdict(results));
  const missed = results.flatMap(({ finding }) => finding.aims).filter(({ kind, isMet }) => kind === 'count' && !isMet);
  return missed.length === 0 ? 0 : 1;
}

/** A group that breaks takes no other along, and is told of in its place; it counts as an aim that was missed. */
async function run(group: Group, bench: Bench): Promise<Finding> {
  try {
    return await group.run(bench);
  } catch (error) {
    bench.interrupted.throwIfAborted();
    const aim = { what: 'the group runs to its end', limit: 'yes', measured: messageOf(error), isMet: false } as const;
    return { tables: [], aims: [{ ...aim, kind: 'count' }], notes: [] };
  }
}

await runProgram({ usage, readOptions, main });
