import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import '../support/native-errors.ts';
import { chooseComposeFiles } from '../../src/adapters/compose-choice.ts';
import { ComposeFiles } from '../../src/adapters/compose-files.ts';

/** Reads texts by their paths. */
function reader(texts: Readonly<Record<string, string>>): (path: string) => Promise<string> {
  return (path) => {
    const text = texts[path];
    const missing = Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' });
    return text === undefined ? Promise.reject(missing) : Promise.resolve(text);
  };
}

async function mergeOf(texts: Readonly<Record<string, string>>, ...paths: readonly string[]): Promise<unknown> {
  const files = await ComposeFiles.read(paths.length > 0 ? paths : Object.keys(texts), reader(texts));
  return files.merge({ NAME: 'app' });
}

describe('what cannot be read says where, and what to do', () => {
  test.each([
    ['services:\n\tapp:\n', '/c.yaml:2:1: Tabs are not allowed as indentation; indent with spaces'],
    ['a: b\na: c\n', '/c.yaml:2:1: Map keys must be unique; write each key once, and what belongs to it below it'],
    ['a: [b\nc: d\n', '/c.yaml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    [
      'a:\n  b: c\n d: e\n',
      '/c.yaml:3:1: All mapping items must start at the same column; keys of one block begin in one',
    ],
    [
      'a: b: c\n',
      '/c.yaml:1:4: Nested mappings are not allowed in compact mappings; put a value that holds ": " in quotes',
    ],
    ['a: "b\n', '/c.yaml:2:1: Missing closing "quote; close the quote or bracket that was opened'],
    ['a: @b\n', '/c.yaml:1:4: Plain value cannot start with reserved character @; put the value in quotes'],
    [
      '- a\nb: c\n',
      '/c.yaml:2:1: Unexpected scalar at node end; a block is a list ("- item") or a map ("key: value"), not both',
    ],
    ['a: *b\n', '/c.yaml: Unresolved alias (the anchor must be set before the alias): b'],
    ['- a\n', '/c.yaml:1:1: this is no Compose file: it has no "services:" at its top'],
    ['a: 1\nb: x$\n', '/c.yaml:2:4: "x$" has a "$" that is no variable; write $$ for a "$"'],
    ['services: {a: {extends: {file: d.yaml, service: b}}}\n', '/d.yaml: there is no such file (/c.yaml refers to it)'],
    ['services: {a: {extends: b}, b: {extends: a}}\n', '/c.yaml: service a extends itself'],
  ])('%j', async (text, expected) => {
    await expect(mergeOf({ '/c.yaml': text })).rejects.toThrow(expected);
  });

  test('a file that is not there', async () => {
    await expect(mergeOf({}, '/none.yaml')).rejects.toThrow('/none.yaml: there is no such file');
  });
});

test('files are laid over each other as Compose does', async () => {
  const merged = await mergeOf({
    '/a.yaml': `
services:
  app:
    image: one
    labels: [lb.pool=app, lb.weight=1]
    expose: ['1']
    volumes: [a:/a]
    profiles: [x]
    environment: [A=1]
volumes: {a: {}}
`,
    '/b.yaml': `
services:
  app:
    image: "$NAME"
    labels: {lb.weight: 2}
    expose: ['2']
    profiles: !reset []
    environment: !override
      B: 2
  other: {image: x}
volumes: {b: {}}
`,
  });
  expect(merged).toEqual({
    services: {
      app: {
        image: 'app',
        labels: { 'lb.pool': 'app', 'lb.weight': 2 },
        expose: ['1', '2'],
        volumes: ['a:/a'],
        profiles: undefined,
        environment: { B: 2 },
      },
      other: { image: 'x' },
    },
    volumes: { a: {}, b: {} },
  });
});

test('something is found where it is written last, through lists, anchors, merge keys and extends', async () => {
  const texts = {
    '/a.yaml': 'x: &x\n  labels:\n    lb.port: 1\nservices:\n  app:\n    <<: *x\n  twin:\n    extends: app\n',
    '/b.yaml': 'services:\n  app:\n    environment:\n      - A=1\n      - B\n',
  };
  const files = await ComposeFiles.read(Object.keys(texts), reader(texts));
  expect(files.findInService('app', 'labels', 'lb.port')).toEqual({
    at: { file: '/a.yaml', line: 3, column: 5 },
    raw: '1',
  });
  expect(files.findInService('twin', 'labels', 'lb.port')?.at.line).toBe(3);
  expect(files.findInService('app', 'environment', 'A')).toEqual({
    at: { file: '/b.yaml', line: 4, column: 9 },
    raw: '1',
  });
  expect(files.findInService('app')?.at).toEqual({ file: '/a.yaml', line: 5, column: 3 });
  expect(files.findInService('nobody')).toBeUndefined();
});

describe('which files there are', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lbwatch-choice-'));
    await mkdir(join(folder, 'below/deep'), { recursive: true });
    for (const name of ['docker-compose.yml', 'docker-compose.override.yml', 'other.yaml'])
      await writeFile(join(folder, name), '');
    await writeFile(join(folder, 'below/compose.yaml'), '');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const choose = (
    given: readonly string[],
    below: string,
    environment: Record<string, string> = {},
  ): readonly string[] =>
    chooseComposeFiles(given, join(folder, below), environment).map((path) => path.slice(folder.length + 1));

  test('those given, and no override then', () => {
    expect(choose(['other.yaml'], '.')).toEqual(['other.yaml']);
  });
  test('the usual name and its override', () => {
    expect(choose([], '.')).toEqual(['docker-compose.yml', 'docker-compose.override.yml']);
  });
  test('in a folder above', () => {
    expect(choose([], 'below/deep')).toEqual(['below/compose.yaml']);
  });
  test('those of COMPOSE_FILE', () => {
    expect(choose([], '.', { COMPOSE_FILE: 'other.yaml:docker-compose.yml' })).toEqual([
      'other.yaml',
      'docker-compose.yml',
    ]);
    expect(choose([], '.', { COMPOSE_FILE: 'a,b', COMPOSE_PATH_SEPARATOR: ',' })).toEqual(['a', 'b']);
  });
});
