/** docs/api.md says what is so: its examples and its tables against the schema. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { eventsSchema, statusSchema } from '../../src/report/status-document.ts';
import { root } from '../support/journey.ts';
import { readBlocks, readTable } from '../support/readme.ts';

const readDocs = (): Promise<string> => readFile(join(root, 'docs/api.md'), 'utf8');

test('the examples are answers that the schema allows, whole', async () => {
  const [status, events] = readBlocks(await readDocs(), 'json');
  const document: unknown = JSON.parse(status ?? '');
  expect(statusSchema.parse(document)).toEqual(document);
  const happened: unknown = JSON.parse(events ?? '');
  expect(eventsSchema.parse(happened)).toEqual(happened);
});

test('every field of the document, every state and every kind of event is explained', async () => {
  const docs = await readDocs();
  const fields = readTable(docs, 'field').map(([cell = '']) => cell.replaceAll('`', ''));
  expect(fields).toEqual(Object.keys(statusSchema.shape));
  const member = statusSchema.shape.pools.element.shape.members.element.shape;
  const about = readTable(docs, 'about a member').map(([cell = '']) => cell.replaceAll('`', ''));
  expect(about).toEqual(['isIn', 'since', 'state', ...member.state.options]);
  for (const field of Object.keys(member)) expect(docs).toContain(`\`${field}\``);
  const kinds = readTable(docs, 'kind').flatMap(([cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]),
  );
  expect(kinds.sort()).toEqual([...eventsSchema.shape.events.element.shape.kind.options].sort());
});

test('every path of the API is listed', async () => {
  const paths = readTable(await readDocs(), 'path').map(([cell = '']) => cell.replaceAll('`', ''));
  expect(paths).toEqual(
    expect.arrayContaining(['GET api/status', 'GET api/events', 'GET api/stream', 'GET api/schema.json']),
  );
});
