import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { readEngines } from '../../src/adapters/engine-list.ts';
import { makeCertificates } from '../support/certificates.ts';
import '../support/native-errors.ts';

let root: string;
/** Certificates for every host, and others for host-b. */
let common: string;
/** None for every host. */
let folders: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'lbwatch-engines-'));
  [common, folders] = [join(root, 'common'), join(root, 'folders')];
  mkdirSync(join(common, 'host-b'), { recursive: true });
  mkdirSync(folders);
  await makeCertificates(common, '192.0.2.1');
  await makeCertificates(join(common, 'host-b'), '192.0.2.7');
  cpSync(join(common, 'host-b'), join(folders, 'host-b'), { recursive: true });
}, 60_000);
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Which certificate each is asked with: its text, or none. */
function certificatesOf(engines: readonly string[], environment: Readonly<Record<string, string>>) {
  const hosts = readEngines(engines, environment);
  return typeof hosts === 'string' ? hosts : hosts.map(({ tcp }) => tcp?.tls?.cert);
}

test('each has the certificates of the folder called like its host, else those for all', () => {
  const [socket, one, two] = certificatesOf(['unix:///run/docker.sock', 'tcp://host-a:2376', 'tcp://host-b:2376'], {
    DOCKER_CERT_PATH: common,
  });
  expect(socket).toBeUndefined();
  expect([one, two].map((text) => text?.startsWith('-----BEGIN CERTIFICATE'))).toEqual([true, true]);
  expect(one).not.toBe(two);
});

test('a folder with none for all says nothing of a host that has none, unless TLS is asked for', () => {
  const engines = ['tcp://proxy:2375', 'tcp://host-b:2376'];
  const [proxy, other] = certificatesOf(engines, { DOCKER_CERT_PATH: folders });
  expect(proxy).toBeUndefined();
  expect(other).toMatch(/^-----BEGIN CERTIFICATE/);
  expect(certificatesOf(engines, { DOCKER_CERT_PATH: folders, DOCKER_TLS_VERIFY: '1' })).toMatch(
    /^cannot read .*\/folders\/ca\.pem/,
  );
  expect(certificatesOf(['tcp://host-a:2376'], { DOCKER_CERT_PATH: folders })).toMatch(/^cannot read .*ca\.pem/);
});

test('a host called like a way out of the folder is none of its folders', () => {
  expect(certificatesOf(['tcp://..:2375'], { DOCKER_CERT_PATH: join(common, 'host-b', 'nothing') })).toEqual([
    undefined,
  ]);
});
