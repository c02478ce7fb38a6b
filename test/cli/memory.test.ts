import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { freePort } from '../support/free-port.ts';
import { measure } from '../support/inspected.ts';
import type { Needs } from '../support/inspected.ts';
import { RunLab, buildBundle } from '../support/run-lab.ts';

/** A container's life: connect, start, two of health, kill, die, stop, destroy; and a rename of it that means nothing. */
const eventsOfALife = 9;
const paceMs = 15;

let lab: RunLab;

beforeAll(async () => {
  expect(buildBundle()).toEqual({ code: 0, said: '' });
  lab = await RunLab.start();
}, 60_000);
afterAll(() => lab.remove());

test('10,000 events leave nothing behind: memory and open files stay as they were', async () => {
  const port = await freePort();
  const controller = lab.run({ NODE_OPTIONS: `--inspect=127.0.0.1:${String(port)}` });
  await controller.logged('watching the engine');
  let events = 0;
  const liveUntil = async (count: number): Promise<Needs> => {
    for (; events < count; events += eventsOfALife) {
      await live(events);
      await pause(paceMs);
    }
    await lab.inStep();
    const needs = await measure(controller.pid, port);
    const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
    process.stderr.write(
      `after ${String(events)} events: ${mib(needs.usedBytes)} MiB in use, ${mib(needs.rssBytes)} MiB resident, ${String(needs.openFiles)} open files\n`,
    );
    return needs;
  };

  const early = await liveUntil(2000);
  const late = await liveUntil(10_000);
  expect(late.usedBytes - early.usedBytes).toBeLessThan(4 * 1024 * 1024);
  expect(late.rssBytes - early.rssBytes).toBeLessThan(24 * 1024 * 1024);
  // A connection that is kept for the next call, more or less.
  expect(late.openFiles - early.openFiles).toBeLessThanOrEqual(4);
  expect(controller.said('pool changed').length).toBeGreaterThan(100);
}, 180_000);

/** A container comes, is well, is ill, is told to stop, ends, and is removed. Every tenth has a label that is refused. */
async function live(number: number): Promise<void> {
  const labels = number % 10 === 0 ? { 'lb.pool': 'app', 'lb.weight': `x${String(number)}` } : { 'lb.pool': 'app' };
  const id = lab.addApp((number % 200) + 1, { name: `app-${String(number)}`, labels });
  lab.docker.tellHealth(id, 'healthy');
  lab.docker.emit('rename', id);
  await pause(paceMs);
  lab.docker.tellHealth(id, 'unhealthy');
  lab.docker.end(id);
  lab.docker.delete(id);
}
