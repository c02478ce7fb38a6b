import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { SeenFolder } from '../../src/adapters/seen-folder.ts';
import { container } from '../support/container.ts';
import '../support/native-errors.ts';

const engine = 'tcp://host-b:2376';
const members = [
  container({
    node: 'host-b',
    attachments: [{ network: 'host', address: undefined }],
    published: {
      address: '192.0.2.7',
      ports: [{ port: 8000, protocol: 'tcp', hostPort: 32768, hostAddress: '0.0.0.0' }],
    },
  }),
  container({ name: 'near', health: 'healthy', portVariable: 8000 }),
];

let shared: string;
beforeEach(() => {
  shared = mkdtempSync(join(tmpdir(), 'lbwatch-seen-'));
});
afterEach(() => {
  rmSync(shared, { recursive: true, force: true });
});

test('what is written is read by the next controller, for each engine by itself', async () => {
  expect(await new SeenFolder(shared).read(engine)).toEqual({ containers: undefined, note: undefined });
  await new SeenFolder(shared).write(engine, members);
  await new SeenFolder(shared).write('unix:///run/docker.sock', []);
  expect(await new SeenFolder(shared).read(engine)).toEqual({ containers: members, note: undefined });
  expect(await new SeenFolder(shared).read('unix:///run/docker.sock')).toEqual({ containers: [], note: undefined });
  expect(readdirSync(join(shared, 'seen')).every((name) => name.endsWith('.json'))).toBe(true);
});

const [member] = members;
test.each([
  ['no JSON', '['],
  ['no list', '{}'],
  ['an id that is none', JSON.stringify([{ ...member, id: '../x' }])],
  ['an address that is none', JSON.stringify([{ ...member, published: { address: 'evil;', ports: [] } }])],
  ['a port that is none', JSON.stringify([{ ...member, exposedPorts: [{ port: 70_000, protocol: 'tcp' }] }])],
  ['what no container has', JSON.stringify([{ ...member, environment: [] }])],
])('%s is passed over and noted', async (_, text) => {
  mkdirSync(join(shared, 'seen'));
  writeFileSync(join(shared, 'seen', `${encodeURIComponent(engine)}.json`), text);
  const { containers, note } = await new SeenFolder(shared).read(engine);
  expect(containers).toBeUndefined();
  expect(note).toMatch(
    /host-b.*\.json is ignored: its content is damaged; it is written anew when the engine answers$/,
  );
});

test('what is no file is passed over and noted; where nothing can be written, the message says what that means', async () => {
  mkdirSync(join(shared, 'seen', `${encodeURIComponent(engine)}.json`), { recursive: true });
  expect((await new SeenFolder(shared).read(engine)).note).toMatch(/is no file of lbwatch/);
  await expect(new SeenFolder(join(shared, 'missing')).write(engine, members)).rejects.toThrow(
    /cannot write .*mount the shared volume there; after a restart the engine's members are known when it answers/,
  );
});
