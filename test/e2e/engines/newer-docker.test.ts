/** The main journey on a newer Docker engine than this machine's, also reached over TCP with TLS. */
import { describe } from '@jest/globals';

import { startDocker } from '../../support/other-engine.ts';
import { travelOn } from './main-journey.ts';

const packages = process.env['LAB_DOCKER_NEWER'] ?? '';
const describeWhereHad = packages === '' ? describe.skip : describe;

describeWhereHad('a newer Docker engine', () => {
  travelOn(() => startDocker(packages), {
    called: /^ok +socket +Docker Engine \S+ \(API 1\.(?:4[4-9]|[5-9]\d)\) answers$/m,
    tellsSignals: true,
  });
});
