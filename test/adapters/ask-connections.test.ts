import { expect, test } from '@jest/globals';

import { readStubStatus } from '../../src/adapters/ask-connections.ts';

/** As nginx 1.26.3 writes it. */
const answer =
  'Active connections: 291 \nserver accepts handled requests\n 16630948 16630947 31070465 \nReading: 6 Writing: 179 Waiting: 106 \n';

test('the counters of stub_status', () => {
  expect(readStubStatus(answer)).toEqual({
    accepts: 16_630_948,
    handled: 16_630_947,
    requests: 31_070_465,
    reading: 6,
    writing: 179,
    waiting: 106,
  });
});

test.each([
  ['nothing', ''],
  ['a page', '<h1>Welcome to nginx!</h1>'],
  ['a part', answer.slice(0, -5)],
  ['more', `${answer}more`],
  ['no numbers', answer.replaceAll(/\d/g, 'x')],
])('none where there is %s', (_, text) => {
  expect(readStubStatus(text)).toBeUndefined();
});
