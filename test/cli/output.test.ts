import { once } from 'node:events';

import { beforeAll, expect, test } from '@jest/globals';

import { RunLab, buildBundle } from '../support/run-lab.ts';

beforeAll(() => {
  expect(buildBundle()).toEqual({ code: 0, said: '' });
}, 60_000);

test('a long answer comes whole, however slowly it is read; who stops reading is no failure', async () => {
  const lab = await RunLab.start();
  try {
    for (let number = 0; number < 3000; number += 1) lab.docker.add({ name: `idle-${String(number)}` });
    const reader = lab.begin(['explain', '--json']);
    const exit = once(reader, 'exit');
    let said = '';
    // One chunk at a time is slower than it is written.
    for await (const chunk of reader.stdout.setEncoding('utf8')) said += String(chunk);
    expect(JSON.parse(said)).toHaveLength(3000);
    expect(await exit).toEqual([0, null]);

    const leaver = lab.begin(['explain']);
    const left = once(leaver, 'exit');
    await once(leaver.stdout, 'readable');
    leaver.stdout.destroy();
    const complaints: string[] = [];
    leaver.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text));
    expect(await left).toEqual([0, null]);
    expect(complaints.join('')).not.toMatch(/EPIPE|Error/);
  } finally {
    await lab.remove();
  }
}, 60_000);
