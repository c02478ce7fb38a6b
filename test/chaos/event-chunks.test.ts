import { expect, test } from '@jest/globals';

import { EventChunks, retime } from './socket/event-chunks.ts';

const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

test('head and events come apart however the bytes are cut', () => {
  const events = [chunk('{"a":1}\n'), chunk('{"b":"\\r\\nü"}\n')];
  const all = Buffer.from([head, ...events].join(''));
  for (const size of [1, 3, 7, all.length]) {
    const chunks = new EventChunks();
    const parts = [];
    for (let at = 0; at < all.length; at += size) parts.push(...chunks.push(all.subarray(at, at + size)));
    expect(parts.map(({ kind, bytes }) => [kind, bytes.toString()])).toEqual([
      ['head', head],
      ...events.map((event) => ['event', event]),
    ]);
  }
});

test('what is no chunk is refused', () => {
  const chunks = new EventChunks();
  expect(() => chunks.push(Buffer.from(`${head}HTTP/1.1 200 OK\r\n`))).toThrow('not a chunk');
});

test('the n-th of an event is later by n microseconds, and its chunk still whole', () => {
  const later = retime(Buffer.from(chunk('{"timeNano":1999999999999999999}\n')), 7).toString();
  expect(later).toBe(chunk('{"timeNano":2000000000000006999}\n'));
  expect(retime(Buffer.from(chunk('{"timeNano":9}\n')), 1).toString()).toBe(chunk('{"timeNano":1009}\n'));
});
