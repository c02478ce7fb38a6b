/** Whatever starts first, and from an empty volume: the stack ends up serving. */
import { afterEach, expect, test } from '@jest/globals';

import { eventually } from '../support/eventually.ts';
import { prepareJourney } from '../support/journey.ts';
import type { Journey } from '../support/journey.ts';
import { distinctMembers, whoAnswers } from '../support/who-answers.ts';

const orders = [
  ['nginx', 'lbwatch', 'apps'],
  ['lbwatch', 'nginx', 'apps'],
  ['apps', 'nginx', 'lbwatch'],
  ['lbwatch', 'apps', 'nginx'],
] as const;
const services = { nginx: ['nginx'], lbwatch: ['lbwatch'], apps: ['flaskservice', 'redudantservice', 'gotyourback'] };

let journey: Journey | undefined;

afterEach(async () => {
  await journey?.end();
  journey = undefined;
}, 60_000);

test.each(orders.map((order) => ({ order, name: order.join(', then ') })))(
  '$name',
  async ({ order }) => {
    const started = await prepareJourney('order');
    journey = started;
    for (const [index, part] of order.entries()) {
      await started.compose.run('up', '-d', '--no-build', '--no-deps', ...services[part]);
      // Nothing crashes or gives up while the others are missing.
      await eventually(
        `${part} running`,
        async () => {
          expect(await started.compose.running(...services[part])).toHaveLength(services[part].length);
        },
        { withinMs: 10_000 },
      );
      if (part === 'nginx' && index < 2) await expectStatus(started.port, 503);
    }
    await eventually(
      'both primaries answering',
      async () => {
        const answers = await whoAnswers(started.port, 20);
        expect(distinctMembers(answers)).toHaveLength(2);
        expect(distinctMembers(answers, ['flaskservice', 'redudantservice'])).toHaveLength(2);
      },
      { withinMs: 30_000 },
    );
  },
  90_000,
);

async function expectStatus(port: number, status: number): Promise<void> {
  await eventually(
    `status ${String(status)}`,
    async () => {
      expect((await fetch(`http://127.0.0.1:${String(port)}/`)).status).toBe(status);
    },
    { withinMs: 10_000 },
  );
}
