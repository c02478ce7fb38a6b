/** The main journey on a newer Docker engine than most, which is then asked over TCP with TLS as well. */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { makeCertificates } from '../../support/certificates.ts';
import type { Result } from '../../support/compose.ts';
import { startDocker } from '../../support/other-engine.ts';
import { travelOn } from './main-journey.ts';

const packages = process.env['LAB_DOCKER_NEWER'] ?? '';
// Where it cannot be had, the tests count as skipped and are shown as such.
const describeWhereHad = packages === '' ? describe.skip : describe;

let directory: string;
let client: string;

describeWhereHad('a newer Docker engine', () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lbwatch-tls-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const running = travelOn(
    () =>
      startDocker(packages, async (address) => {
        const made = await makeCertificates(await makeFolder('good'), address);
        client = made.client;
        return made.server;
      }),
    {
      called: /^ok +socket +Docker Engine \S+ \(API 1\.(?:4[4-9]|[5-9]\d)\) answers$/m,
      tellsSignals: true,
    },
  );

  describe('over TCP with TLS', () => {
    test('everything is in order, the shell kept in nginx’s container too', async () => {
      const { ok, stdout } = await doctorOverTls(client);
      expect(stdout).toMatch(/^ok +socket +Docker Engine /m);
      expect(stdout).toMatch(/^ok +nginx .*runs what the labels ask for \(digest [0-9a-f]+\)$/m);
      expect(ok).toBe(true);
    }, 60_000);

    test('a certificate that somebody else signed is refused, and the message names it', async () => {
      const { engine } = running();
      const stranger = await makeCertificates(await makeFolder('stranger'), engine.address);
      const known = await makeFolder('half-stranger');
      for (const [from, file] of [
        [client, 'ca.pem'],
        [stranger.client, 'cert.pem'],
        [stranger.client, 'key.pem'],
      ] as const)
        await copyFile(join(from, file), join(known, file));
      expect((await doctorOverTls(known)).stdout).toMatch(
        /^failed +socket .*refuses the certificate cert\.pem in DOCKER_CERT_PATH/m,
      );
      expect((await doctorOverTls(stranger.client)).stdout).toMatch(
        /^failed +socket .*is not signed by ca\.pem in DOCKER_CERT_PATH/m,
      );
    }, 60_000);

    test('an engine that wants TLS and is asked without it', async () => {
      expect((await doctorOverTls(undefined)).stdout).toMatch(
        /^failed +socket .*wants TLS; set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH/m,
      );
    }, 60_000);
  });

  /** In a container of the stack's, which has nothing but these certificates. */
  async function doctorOverTls(certificates: string | undefined): Promise<Result> {
    const { journey, engine } = running();
    const host = `DOCKER_HOST=tcp://${engine.address}:2376`;
    // The number 2376 alone already means TLS.
    const plain = ['-e', host.replace('2376', '2377')];
    const settings =
      certificates === undefined
        ? plain
        : ['-e', host, '-e', 'DOCKER_TLS_VERIFY=1', '-e', 'DOCKER_CERT_PATH=/certs', '-v', `${certificates}:/certs:ro`];
    return journey.compose.try('run', '--rm', '--no-deps', '-T', ...settings, 'lbwatch', 'doctor');
  }
});

async function makeFolder(name: string): Promise<string> {
  const folder = join(directory, name);
  await mkdir(folder);
  return folder;
}
