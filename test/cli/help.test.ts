import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { beforeAll, expect, test } from '@jest/globals';

import { exitCodes, helpTopics } from '../../src/cli/help-topics.ts';
import { labelManual } from '../../src/cli/label-manual.ts';
import { createProgram } from '../../src/cli/program.ts';
import { settingsTable } from '../../src/cli/settings.ts';
import { exitCode } from '../../src/loop/outcome.ts';
import { readReadme, readTable } from '../support/readme.ts';
import { buildBundle } from '../support/run-lab.ts';

const bundle = join(import.meta.dirname, '../../dist/lbwatch.js');

beforeAll(() => {
  expect(buildBundle()).toEqual({ code: 0, said: '' });
}, 60_000);

function lbwatch(...words: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, [bundle, ...words], { encoding: 'utf8', env: {} });
}

function page(name: string): string {
  const topic = helpTopics.find((one) => one.name === name);
  if (topic === undefined) throw new Error(`no topic ${name}`);
  return topic.render();
}

test.each(helpTopics.map(({ name }) => name))('lbwatch help %s prints the page', (name) => {
  expect(lbwatch('help', name)).toMatchObject({ status: 0, stdout: page(name), stderr: '' });
});

test('lbwatch help lists the topics, and shows the help of commands', () => {
  const { stdout } = lbwatch('help');
  for (const { name, summary } of helpTopics) expect(stdout).toContain(`  ${name.padEnd(12)} ${summary}`);
  expect(lbwatch('help', 'check').stdout).toBe(lbwatch('check', '--help').stdout);
  expect(lbwatch('help', 'check').stdout).toContain('Exit codes: 0 nothing is wrong');
});

test('what there is no help on is said, and nothing of it gets to the terminal raw', () => {
  expect(lbwatch('help', 'no\u001b[31mpe')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: 'lbwatch: no help on "no\\u{1b}[31mpe"; lbwatch help lists commands and topics\n',
  });
});

test('every label and every setting is on its page', () => {
  for (const label of Object.keys(labelManual)) expect(page('labels')).toContain(`\n  ${label}\n`);
  for (const { variable, flag } of Object.values(settingsTable))
    expect(page('settings')).toContain(`\n  ${variable}, --${flag} `);
});

test('exit codes are those of commands that exist, and of the outcomes', () => {
  const names = createProgram({}, () => undefined).commands.map((command) => command.name());
  const [, ...rows] = exitCodes;
  for (const { term } of rows) expect(names).toContain(term.split(' ')[0]);
  const once = rows.find(({ term }) => term === 'once')?.text ?? '';
  expect(once).toContain(`${String(exitCode({ kind: 'rejected', message: '' }))} rejected`);
  expect(once).toContain(`${String(exitCode({ kind: 'rolledBack', message: '' }))} rolled back`);
  expect(once).toContain(`${String(exitCode({ kind: 'unavailable', what: 'nginx', message: '' }))} unavailable`);
});

test('exit codes are the same in the help of a command, on the page of exit codes, and in the README', async () => {
  const general = readCodes(exitCodes[0].text);
  const readme = readTable(await readReadme(), 'command');
  const { commands } = createProgram({}, () => undefined);
  const told: string[] = [];
  for (const name of commands.map((command) => command.name())) {
    const own = readCodes(exitCodes.find(({ term }) => term.split(' ')[0] === name)?.text ?? '');
    const row = readme.find(([cell = '']) => cell.startsWith(`\`lbwatch ${name}`))?.[1] ?? '';
    for (const [place, text] of [
      ['--help', lbwatch(name, '--help').stdout],
      ['README', row],
    ] as const) {
      const at = text.search(/exit code/i);
      if (at === -1) continue;
      const codes = readCodes(text.slice(at));
      told.push(`${name} ${place}`);
      // What means the same of every command need not be told of each.
      const wanted = [...codes.keys()].map((code) => [code, own.get(code) ?? general.get(code)]);
      expect({ name, place, codes: [...codes] }).toEqual({ name, place, codes: wanted });
      const missing = [...own.keys()].filter((code) => !codes.has(code));
      expect({ name, place, missing }).toEqual({ name, place, missing: [] });
    }
  }
  expect(told).toEqual(
    expect.arrayContaining(
      ['run', 'once', 'status', 'check', 'drain'].flatMap((name) => [`${name} --help`, `${name} README`]),
    ),
  );
});

/** Each code, and the first word of what it means. */
function readCodes(text: string): ReadonlyMap<string, string> {
  const found = text.replaceAll(/\s+/g, ' ').matchAll(/(?:^|exit codes?:? |[,;] )(\d) (\w+)/gi);
  return new Map([...found].map(([, code = '', word = '']) => [code, word]));
}
