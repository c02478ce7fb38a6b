/** docs/log.md says what is so: its table against the list of messages. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { messages } from '../../src/report/messages.ts';
import { root } from '../support/journey.ts';
import { readTable } from '../support/readme.ts';

test('the table of messages is the list in the code, in its order', async () => {
  const rows = readTable(await readFile(join(root, 'docs/log.md'), 'utf8'), 'message');
  expect(rows.map(([message, level, keys]) => [message, level, keys])).toEqual(
    Object.entries(messages).map(([message, { levels, keys }]) => {
      return [`\`${message}\``, levels.join(', '), keys.map((key) => `\`${key}\``).join(', ')];
    }),
  );
  for (const [message = '', , , when = ''] of rows) expect({ message, when }).not.toEqual({ message, when: '' });
});
