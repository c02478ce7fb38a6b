/** The shipped stack driven by docker-compose 1.29, which some distributions still carry. */
import { expect, test } from '@jest/globals';
import { execa } from 'execa';

import { eventually } from '../support/eventually.ts';
import { prepareJourney } from '../support/journey.ts';
import { distinctMembers, whoAnswers } from '../support/who-answers.ts';

const composeV1 = process.env['LAB_COMPOSE_V1'] ?? '';
// Where it cannot be had (it needs Debian 12's package), the test counts as skipped and is shown as such.
const testWhereInstalled = composeV1 === '' ? test.skip : test;

testWhereInstalled(
  'docker-compose 1.29 starts, scales and stops the stack',
  async () => {
    const journey = await prepareJourney('v1');
    const compose = async (...words: readonly string[]): Promise<void> => {
      const env = { HTTP_PORT: String(journey.port), STATUS_PORT: String(journey.statusPort) };
      await execa(composeV1, ['-p', journey.project, ...words], { cwd: journey.directory, env, stdin: 'ignore' });
    };
    try {
      await compose('up', '-d', '--no-build', '--scale', 'flaskservice=3');
      await eventually(
        'four primaries answering',
        async () => {
          const answers = await whoAnswers(journey.port, 40);
          expect(distinctMembers(answers)).toHaveLength(4);
          expect(distinctMembers(answers, ['gotyourback'])).toEqual([]);
        },
        { withinMs: 30_000 },
      );
      await compose('stop', '-t', '1', 'flaskservice', 'redudantservice');
      await eventually(
        'the backup answering',
        async () => {
          expect(distinctMembers(await whoAnswers(journey.port, 5), ['gotyourback'])).toHaveLength(1);
        },
        { withinMs: 20_000 },
      );
    } finally {
      await journey.end();
    }
  },
  180_000,
);
