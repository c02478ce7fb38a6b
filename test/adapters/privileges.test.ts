import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { asNobody, asRunner } from '../support/as-nobody.ts';
import { FakeDocker } from '../support/fake-docker.ts';

const drop = `
  const { dropPrivileges } = await import(src + 'adapters/privileges.ts');
  const tell = () => console.log(process.getuid(), process.getgid(), JSON.stringify(process.getgroups()));
`;
const isRoot = process.getuid?.() === 0;
const user = 10_001;

let root: string;
let docker: FakeDocker;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'lbwatch-privileges-'));
  chmodSync(root, 0o755);
  mkdirSync(join(root, 'lbwatch'));
  docker = new FakeDocker();
  await docker.start();
});
afterEach(async () => {
  rmSync(root, { recursive: true, force: true });
  await docker.remove();
});

test('started as root: the user of the setting, with the group of the socket and no other, owns the directory', () => {
  if (!isRoot) {
    // Only root can become somebody else; as anybody, nothing may happen.
    expect(asRunner(`${drop} tell(); dropPrivileges(process.env); tell();`, { LBWATCH_USER: String(user) })).toMatch(
      /^(.*)\n\1\n$/,
    );
    return;
  }
  const { gid } = statSync(docker.socketPath);
  const said = asRunner(
    `${drop} dropPrivileges(process.env); tell();
     try { process.setuid(0); console.log('root again'); } catch { console.log('for good'); }`,
    { LBWATCH_USER: String(user), LBWATCH_DIR: join(root, 'lbwatch'), DOCKER_HOST: docker.host },
  );
  // The kernel may list the primary group among the others.
  const groups = JSON.stringify([gid]);
  const withPrimary = JSON.stringify([gid, user]);
  expect([
    `${String(user)} ${String(user)} ${groups}\nfor good\n`,
    `${String(user)} ${String(user)} ${withPrimary}\nfor good\n`,
  ]).toContain(said);
  expect(statSync(join(root, 'lbwatch')).uid).toBe(user);
});

test('of several engines the one behind a socket tells the group', () => {
  if (!isRoot) return;
  const { gid } = statSync(docker.socketPath);
  // A socket that nobody has tells none.
  const environment = { LBWATCH_USER: String(user), DOCKER_HOST: 'unix:///nonexistent' };
  const groupsWith = (engines: string): string =>
    asRunner(`${drop} dropPrivileges(process.env); console.log(process.getgroups().includes(${String(gid)}))`, {
      ...environment,
      LBWATCH_ENGINES: engines,
    });
  expect(groupsWith(`tcp://host-b:2376, ${docker.host}`)).toBe('true\n');
  expect(groupsWith('tcp://host-b:2376')).toBe('false\n');
});

test.each(['', '0', '-1', 'root', '1.5'])('the user "%s" is nobody to become', (name) => {
  const said = asRunner(`${drop} tell(); dropPrivileges(process.env); tell();`, { LBWATCH_USER: name });
  expect(said).toMatch(/^(.*)\n\1\n$/);
});

test('no socket, no directory: it becomes the user all the same', () => {
  const environment = { LBWATCH_USER: String(user), LBWATCH_DIR: join(root, 'none'), DOCKER_HOST: 'tcp://127.0.0.1:1' };
  const said = asRunner(`${drop} dropPrivileges(process.env); tell();`, environment);
  expect(said.startsWith(isRoot ? `${String(user)} ${String(user)} ` : String(process.getuid?.()))).toBe(true);
});

test('started as somebody else, nothing happens', () => {
  const said = asNobody(`${drop} dropRoot(); tell(); dropPrivileges(process.env); tell();`, {
    LBWATCH_USER: String(user),
    LBWATCH_DIR: join(root, 'lbwatch'),
  });
  expect(said).toMatch(/^(.*)\n\1\n$/);
  expect(statSync(join(root, 'lbwatch')).uid).toBe(process.getuid?.());
});
