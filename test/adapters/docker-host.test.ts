import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { readDockerHost } from '../../src/adapters/docker-host.ts';
import { DockerEngine } from '../../src/adapters/docker.ts';
import { makeCertificates } from '../support/certificates.ts';
import type { MadeCertificates } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import '../support/native-errors.ts';

const folders: string[] = [];
const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'lbwatch-tls-'));
  folders.push(folder);
  return folder;
};

let made: MadeCertificates;
let other: MadeCertificates;
beforeAll(async () => {
  made = await makeCertificates(makeFolder(), '127.0.0.1');
  other = await makeCertificates(makeFolder(), '127.0.0.2');
}, 60_000);
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test.each([
  [undefined, { name: '/var/run/docker.sock', socketPath: undefined, tcp: undefined }],
  ['', { name: '/var/run/docker.sock', socketPath: undefined, tcp: undefined }],
  ['unix://', { name: '/var/run/docker.sock', socketPath: undefined, tcp: undefined }],
  ['unix:///run/podman/podman.sock', { socketPath: '/run/podman/podman.sock', tcp: undefined }],
  ['tcp://10.0.0.5:2375', { socketPath: undefined, tcp: { host: '10.0.0.5', port: 2375, tls: undefined } }],
  ['tcp://10.0.0.5:2375/', { tcp: { host: '10.0.0.5', port: 2375, tls: undefined } }],
  ['http://proxy:2375', { tcp: { host: 'proxy', port: 2375, tls: undefined } }],
  ['socket-proxy:2375', { tcp: { host: 'socket-proxy', port: 2375, tls: undefined } }],
  ['tcp://[::1]:2375', { tcp: { host: '[::1]', port: 2375, tls: undefined } }],
])('DOCKER_HOST %p', (host, expected) => {
  expect(readDockerHost({ DOCKER_HOST: host })).toMatchObject(expected);
});

test.each([
  ['/var/run/docker.sock', /^DOCKER_HOST is "\/var\/run\/docker\.sock"; allowed: unix:\/\/\/PATH.*tcp:\/\/HOST:PORT$/],
  ['unix://docker.sock', /; allowed: /],
  ['tcp://', /; allowed: /],
  ['tcp://10.0.0.5', /; allowed: /],
  ['tcp://10.0.0.5:0', /; allowed: /],
  ['tcp://10.0.0.5:65536', /; allowed: /],
  ['tcp://10.0.0.5:2375/v1.41', /; allowed: /],
  ['tcp://user@10.0.0.5:2375', /; allowed: /],
  ['tcp://a b:2375\nevil', /^DOCKER_HOST is "tcp:\/\/a b:2375\\u\{a\}evil"; allowed: /],
  ['npipe:////./pipe/docker_engine', /; allowed: /],
  ['fd://', /; allowed: /],
  ['https://10.0.0.5:2376', /; write tcp:\/\/ and set DOCKER_TLS_VERIFY=1$/],
  ['ssh://me@far', /; lbwatch does not speak ssh: forward the socket .*, or use tcp:\/\/ with TLS$/],
])('DOCKER_HOST %j is refused', (host, said) => {
  expect(readDockerHost({ DOCKER_HOST: host })).toMatch(said);
});

describe('certificates', () => {
  const read = (folder: string | undefined, more: Readonly<Record<string, string>> = {}): unknown =>
    readDockerHost({ DOCKER_HOST: 'tcp://10.0.0.5:2375', DOCKER_CERT_PATH: folder, ...more });

  test('are read where they are named, asked for or not', () => {
    const tls = { ca: readFileSync(join(made.client, 'ca.pem'), 'utf8') };
    expect(read(made.client)).toMatchObject({ tcp: { tls } });
    expect(read(made.client, { DOCKER_TLS_VERIFY: 'true' })).toMatchObject({ tcp: { tls } });
  });

  test.each([
    [{ DOCKER_TLS_VERIFY: '1' }, /^DOCKER_TLS_VERIFY is set, and DOCKER_CERT_PATH is not; set it to the folder with /],
    [{ DOCKER_HOST: 'tcp://10.0.0.5:2376' }, /^port 2376 speaks TLS, and DOCKER_CERT_PATH is not; /],
  ])('%j without a folder', (environment, said) => {
    expect(read(undefined, environment)).toMatch(said);
  });

  test.each(['ca.pem', 'cert.pem', 'key.pem'])('%s is missing, or is none', (file) => {
    const folder = makeFolder();
    for (const name of ['ca.pem', 'cert.pem', 'key.pem'])
      if (name !== file) writeFileSync(join(folder, name), readFileSync(join(made.client, name)));
    const path = join(folder, file);
    expect(read(folder)).toMatch(
      `cannot read ${path} as user ${String(process.getuid?.())} (DOCKER_CERT_PATH): ENOENT`,
    );
    writeFileSync(path, 'no PEM');
    expect(read(folder)).toMatch(`${path} cannot be used (DOCKER_CERT_PATH): `);
  });

  test('a key that belongs to another certificate', () => {
    const folder = makeFolder();
    for (const [from, name] of [
      [made, 'ca.pem'],
      [made, 'cert.pem'],
      [other, 'key.pem'],
    ] as const)
      writeFileSync(join(folder, name), readFileSync(join(from.client, name)));
    expect(read(folder)).toBe(
      `${join(folder, 'key.pem')} is not the key of ${join(folder, 'cert.pem')} (DOCKER_CERT_PATH)`,
    );
  });
});

describe('an engine that speaks TLS', () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    port = await freePort();
    server = await serve(made, port);
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  const ping = (where: string, certificates: string): Promise<void> =>
    new DockerEngine(readDockerHost({ DOCKER_HOST: where, DOCKER_CERT_PATH: certificates })).ping();

  test('answers who has its certificate', async () => {
    await expect(ping(`tcp://127.0.0.1:${String(port)}`, made.client)).resolves.toBeUndefined();
  });

  test('that somebody else has signed', async () => {
    await expect(ping(`tcp://127.0.0.1:${String(port)}`, other.client)).rejects.toThrow(
      `the certificate of tcp://127.0.0.1:${String(port)} is not signed by ca.pem in DOCKER_CERT_PATH`,
    );
  });

  test('under another name', async () => {
    await expect(ping(`tcp://localhost:${String(port)}`, made.client)).rejects.toThrow(
      /^cannot ping: the certificate of tcp:\/\/localhost:\d+ is for another name/,
    );
  });

  test('one that does not', async () => {
    const plainPort = await freePort();
    const plain = createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    plain.listen(plainPort, '127.0.0.1');
    await once(plain, 'listening');
    try {
      const where = `tcp://127.0.0.1:${String(plainPort)}`;
      await expect(ping(where, made.client)).rejects.toThrow(`${where} does not speak TLS; unset`);
    } finally {
      plain.close();
    }
  });
});

async function serve({ server: { ca, cert, key } }: MadeCertificates, port: number): Promise<Server> {
  const [caText, certText, keyText] = [ca, cert, key].map((file) => readFileSync(file, 'utf8'));
  const server = createServer(
    { ca: caText, cert: certText, key: keyText, requestCert: true, rejectUnauthorized: true },
    (_, response) => response.end('OK'),
  );
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
