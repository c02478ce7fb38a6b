/** The main journey on the socket that Podman offers to Docker's clients. */
import { get } from 'node:http';

import { describe } from '@jest/globals';

import { startPodman } from '../../support/other-engine.ts';
import type { OtherEngine } from '../../support/other-engine.ts';
import { travelOn } from './main-journey.ts';

const packages = process.env['LAB_PODMAN'] ?? '';
// Where it cannot be had, the tests count as skipped and are shown as such.
const describeWhereHad = packages === '' ? describe.skip : describe;

describeWhereHad('Podman', () => {
  travelOn(() => startPodman(packages), {
    called: /^warning +socket +Podman \S+ \(API 1\.\d+\) answers; Podman does not tell of calls to stop/m,
    tellsSignals: false,
    probe,
  });
});

/** Podman has systemd's timers run them, and there is no systemd in the room. */
async function probe({ socketPath }: OtherEngine, containerId: string): Promise<void> {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    get({ socketPath, path: `/v4.0.0/libpod/containers/${containerId}/healthcheck` }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
  if (status !== 200) throw new Error(`the health check was answered with ${String(status)}`);
}
