/** The main journey on the oldest Docker engine that lbwatch is tested with: 20.10, API 1.41. */
import { describe } from '@jest/globals';

import { ownEngine, startDocker } from '../../support/other-engine.ts';
import { travelOn } from './main-journey.ts';

/** A folder of packages, or `here` where this machine's own is one. */
const packages = process.env['LAB_DOCKER_OLDER'] ?? '';
// Where it cannot be had, the tests count as skipped and are shown as such.
const describeWhereHad = packages === '' ? describe.skip : describe;

describeWhereHad('an older Docker engine', () => {
  travelOn(() => (packages === 'here' ? Promise.resolve(ownEngine()) : startDocker(packages)), {
    called: /^ok +socket +Docker Engine 20\.10\.\S+ \(API 1\.41\) answers$/m,
    tellsSignals: true,
  });
});
