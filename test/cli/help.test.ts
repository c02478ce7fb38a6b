import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { beforeAll, expect, test } from '@jest/globals';

import { exitCodes, helpTopics } from '../../src/cli/help-topics.ts';
import { labelManual } from '../../src/cli/label-manual.ts';
import { createProgram } from '../../src/cli/program.ts';
import { settingsTable } from '../../src/cli/settings.ts';
import { exitCode } from '../../src/loop/outcome.ts';
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
  expect(once).toContain(`${String(exitCode({ kind: 'unavailable', what: 'nginx', message: '' }))} engine`);
});
