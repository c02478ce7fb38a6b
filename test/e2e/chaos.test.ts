/** A short part of `npm run chaos`; the whole takes many minutes. */
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import * as z from 'zod';

const program = fileURLToPath(new URL('../chaos/chaos.ts', import.meta.url));
/** Of this seed: its first faults are of many kinds. */
const seed = 287;
const operations = 30;

const summarySchema = z.object({
  operations: z.number(),
  idleOperations: z.number(),
  faults: z.number(),
  differences: z.number(),
  details: z.array(z.object({ differences: z.array(z.string()) })),
});

test('engine, lbwatch and nginx agree after each step, whatever went wrong in it', async () => {
  const words = ['--seed', String(seed), '--operations', String(operations), '--json'];
  const { stdout, stderr } = await execa(process.execPath, [program, ...words], { reject: false });
  const summary = summarySchema.parse(stdout === '' ? { stderr } : JSON.parse(stdout));
  expect(summary.details.flatMap(({ differences }) => differences)).toEqual([]);
  expect(summary.differences).toBe(0);
  // It did do what it says.
  expect(summary.operations).toBe(operations);
  expect(summary.idleOperations).toBeLessThan(operations / 2);
  expect(summary.faults).toBeGreaterThan(2);
  expect(stderr.trimEnd().split('\n').at(-1)).toBe(`${String(operations)} operations, 0 differences`);
}, 300_000);
