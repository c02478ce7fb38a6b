/** The main journey on the socket that Podman offers to Docker's clients. */
import { once } from 'node:events';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';

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
  const asking = get({ socketPath, path: `/v4.0.0/libpod/containers/${containerId}/healthcheck` });
  const [response]: IncomingMessage[] = await once(asking, 'response');
  response?.resume();
  if (response?.statusCode !== 200) throw new Error(`the health check was answered with ${String(response?.statusCode)}`);
}
