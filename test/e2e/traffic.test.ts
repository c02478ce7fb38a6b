/** Two of the cases of `npm run traffic` on a real engine; the others take minutes. */
import { expect, test } from '@jest/globals';

import { cases } from '../traffic/cases.ts';
import { runCase } from '../traffic/run-case.ts';
import type { Finding } from '../traffic/run-case.ts';
import { variants } from '../traffic/variants.ts';

const ratePerSecond = 100;

test.each(['scale', 'graceful-stop'])(
  '%s: none of the requests of any client fails',
  async (name) => {
    const finding = await run(name);
    if (finding.kind !== 'measured') throw new Error(finding.why);
    expect(finding.reasons).toEqual({});
    expect(finding.failed).toBe(0);
    expect(finding.neverAnswered).toBe(0);
    // The client was there all the time: it sent what it should have sent, and somebody left meanwhile.
    const scheduled = (finding.loadMs / 1000) * ratePerSecond;
    expect(finding.requests).toBeGreaterThan(0.95 * scheduled - 10);
    expect(finding.requests).toBeLessThan(1.05 * scheduled + 10);
    expect(finding.lastSentMs).not.toBeNull();
    expect(finding.reloads).toBeGreaterThan(0);
  },
  120_000,
);

async function run(name: string): Promise<Finding> {
  const one = cases.find((candidate) => candidate.name === name);
  const shipped = variants.find((variant) => variant.name === 'lbwatch');
  if (one === undefined || shipped === undefined) throw new Error(`there is no case ${name}, or no variant lbwatch`);
  return runCase(one, shipped, ratePerSecond);
}
