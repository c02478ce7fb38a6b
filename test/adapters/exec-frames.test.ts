import { text } from 'node:stream/consumers';

import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { FrameReader } from '../../src/adapters/exec-frames.ts';

function frame(stream: number, content: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(content), 4);
  return Buffer.concat([header, Buffer.from(content)]);
}

test('frames of both streams come out in order, wherever they are cut', async () => {
  const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.string({ unit: 'grapheme', maxLength: 20 })));
  const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(frames, sizes, async (pieces, cuts) => {
      let rest = Buffer.concat(pieces.map(([stream, content]) => frame(stream, content)));
      const reader = new FrameReader();
      for (let index = 0; rest.length > 0; index += 1) {
        const size = cuts[index % cuts.length] ?? 1;
        reader.write(rest.subarray(0, size));
        rest = rest.subarray(size);
      }
      reader.end();
      expect(await text(reader)).toBe(pieces.map(([, content]) => content).join(''));
    }),
  );
});
