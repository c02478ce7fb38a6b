/** A real Swarm of three machines goes through what Swarms go through, and three balancers follow it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

import { readAsked, readManagerCalls, readRules, renderRules } from '../e2e/power/calls.ts';
import { eventually } from '../support/eventually.ts';
import { root } from '../support/journey.ts';
import { SwarmJourney } from './journey.ts';
import type { StepResult } from './journey.ts';
import { whyNoLab } from './lab/lab.ts';
import type { Machine } from './lab/machine.ts';
import { SwarmStack } from './stack.ts';
import { askManager } from './task-list.ts';

const minute = 60_000;
const proxy = 'shop_socket-proxy';
/** Until Swarm gives up a machine and starts its tasks elsewhere; longer where a leader must be chosen first. */
const lossMs = 90_000;
jest.setTimeout(5 * minute);

const why = await whyNoLab();
if (why !== undefined) process.stdout.write(`no Swarm of the tests' own: ${why}\n`);
/** Asked for by its name, it does not go past what it needs. */
const isRequired = process.env['LAB_SWARM'] === 'required';

(why === undefined || isRequired ? describe : describe.skip)('a Swarm of three machines', () => {
  let stack: SwarmStack;
  let journey: SwarmJourney;
  let bringUpMs = 0;

  beforeAll(async () => {
    const beganMs = performance.now();
    stack = await SwarmStack.start();
    bringUpMs = performance.now() - beganMs;
    journey = new SwarmJourney(stack);
  });
  afterAll(async () => {
    process.stdout.write(`\nthe Swarm was up after ${(bringUpMs / 1000).toFixed(1)} s\n${journey.renderTable()}\n\n`);
    await stack.lab.end();
  });

  const all = (): readonly Machine[] => stack.lab.machines;
  const others = (...not: readonly Machine[]): readonly [Machine, ...Machine[]] => {
    const [first, ...rest] = all().filter((machine) => !not.includes(machine));
    if (first === undefined) throw new Error('there is no other machine');
    return [first, ...rest];
  };
  const runs =
    (flaskservice: number, balancer = 3) =>
    (running: Readonly<Record<string, number>>): boolean =>
      running['flaskservice'] === flaskservice &&
      running['redudantservice'] === 1 &&
      running['gotyourback'] === 1 &&
      running['balancer'] === balancer;
  const expectNoneLost = ({ failed, requests }: StepResult): void => {
    expect(requests).toBeGreaterThan(0);
    expect(failed.map(({ answer }) => answer)).toEqual([]);
  };

  test('docker stack deploy', async () => {
    const manager = stack.lab.machine(1);
    await journey.takeQuietly({
      ...{ name: 'deployed', manager, balancers: all(), withinMs: minute, isDone: runs(2) },
      // No registry has these images; to be told so takes seconds for each.
      act: () => stack.type('docker stack deploy -c stack.yaml shop', '--resolve-image never'),
    });
  });

  test('docker service logs tells of it', async () => {
    const log = await stack.lab.machine(1).docker('service', 'logs', '--raw', 'shop_balancer');
    const member = String.raw`\+ shop_flaskservice\.\d\.\w{12} on node\d [\d.]+:8001 \(its port answers\)`;
    expect(log).toMatch(new RegExp(`INFO: pool changed: flaskappproxy .*${member}`));
  });

  test('docker service scale, from 2 to 6 over the machines and back to 3', async () => {
    const manager = stack.lab.machine(1);
    const step = { manager, balancers: all(), withinMs: minute };
    const up = await journey.take({
      ...{ ...step, name: 'scaled from 2 to 6', isDone: runs(6) },
      isSlow: true,
      act: () => stack.type('docker service scale shop_flaskservice=6'),
    });
    const down = await journey.take({
      ...{ ...step, name: 'scaled from 6 to 3', isDone: runs(3) },
      act: () => manager.docker('service', 'scale', '--detach', 'shop_flaskservice=3'),
    });
    expectNoneLost(up);
    expectNoneLost(down);
    // By the managers' word, not when its port fell silent.
    const log = await manager.docker('service', 'logs', '--raw', 'shop_balancer');
    expect(log).toMatch(/- shop_flaskservice\.\d\.\w{12} on node\d [\d.]+:8001 \(was told to stop\)/);
  });

  test('docker service update: every task is replaced', async () => {
    const manager = stack.lab.machine(1);
    const before = await stack.listWanted(manager);
    const updated = await journey.take({
      ...{ name: 'rolling update', manager, balancers: all(), withinMs: minute, isDone: runs(3) },
      ratePerSecond: 300,
      act: () => stack.type('docker service update --force shop_flaskservice'),
    });
    expect(updated.wanted.hostnames.filter((hostname) => before.hostnames.includes(hostname))).toHaveLength(1);
    expectNoneLost(updated);
  });

  test('the managers are asked what SECURITY.md says, and nothing else', async () => {
    const calls = await readManagerCalls();
    expect(readRules(await readFile(join(root, 'examples/swarm/haproxy.cfg'), 'utf8'))).toEqual(renderRules(calls));
    const [machine] = others();
    expect(await stack.inBalancer(machine, 'lbwatch', 'doctor')).toMatch(/^ok +nginx .* runs what the labels ask for/m);
    const log = await Promise.all(all().map((manager) => stack.readProxyLog(manager)));
    const { passed, refused } = readAsked(log.flat());
    expect(refused).toEqual([]);
    expect([...passed].sort()).toEqual([...calls].sort());
  });

  test('user 10001 without any capability, and nothing to write to', async () => {
    const [machine] = others();
    const status = await stack.inBalancer(machine, 'cat', '/proc/1/status');
    expect(status).toMatch(/^Uid:\t10001\t10001\t10001\t10001$/m);
    expect(status).toMatch(/^CapBnd:\t0{16}$/m);
    await expect(stack.inBalancer(machine, 'touch', '/opt/x')).rejects.toThrow('Read-only file system');
  });

  test('no socket proxy for a while: what was there last is served, without those who left meanwhile', async () => {
    const manager = stack.lab.machine(1);
    const proxies = async (placed: string, replicas: string): Promise<void> => {
      await manager.docker('service', 'update', '--detach', '--quiet', placed, 'node.hostname == nowhere', proxy);
      await eventually(
        `${replicas} socket proxies`,
        async () => {
          const words = ['service', 'ls', '--filter', `name=${proxy}`, '--format', '{{.Replicas}}'];
          expect(await manager.docker(...words)).toBe(replicas);
        },
        { withinMs: minute },
      );
    };
    const gone = await journey.take({
      ...{
        name: 'socket proxies gone, 3 to 2, and back',
        manager,
        balancers: all(),
        withinMs: minute,
        isDone: runs(2),
      },
      act: async () => {
        await proxies('--constraint-add', '0/0');
        await manager.docker('service', 'scale', '--detach=false', 'shop_flaskservice=2');
        await proxies('--constraint-rm', '3/3');
      },
    });
    // Only a manager could have told in time that one leaves. What it had been sent and not begun is asked again, but for a POST.
    expectNoneLost({ ...gone, failed: gone.failed.filter(({ method }) => method === 'GET') });
  });

  test('a machine is drained, and comes back', async () => {
    const drained = await stack.findRunner(stack.lab.machine(1), 'flaskservice');
    const [manager] = others(drained);
    const availability = (word: string): Promise<string> =>
      manager.docker('node', 'update', '--availability', word, drained.name);
    const without = await journey.take({
      ...{ name: 'drained', manager, balancers: others(drained), withinMs: minute, isDone: runs(2, 2) },
      act: () => availability('drain'),
    });
    const back = await journey.take({
      ...{ name: 'active again', manager, balancers: all(), withinMs: minute, isDone: runs(2) },
      act: () => availability('active'),
    });
    expectNoneLost(without);
    expectNoneLost(back);
  });

  test('the leader loses its power, and comes back', async () => {
    const leader = await stack.findLeader(stack.lab.machine(1));
    await losePower('the leader', leader);
  });

  test('a worker loses its power, and comes back', async () => {
    const leader = await stack.findLeader(stack.lab.machine(1));
    await losePower('a worker', others(leader)[0]);
  });

  test('a balancer is cut off from the managers, and reaches them again', async () => {
    const leader = await stack.findLeader(stack.lab.machine(1));
    const [cutOff] = others(leader);
    await journey.take({
      ...{
        name: 'a machine cut off',
        manager: leader,
        balancers: others(cutOff),
        withinMs: lossMs,
        isDone: runs(2, 2),
      },
      act: () => cutOff.unplug(),
    });
    // Nobody tells it anything; it serves what it knows, as far as that answers.
    await expect(askManager(cutOff, '/tasks')).rejects.toThrow();
    expect(await stack.readServers(cutOff)).not.toEqual([]);
    await journey.take({
      ...{ name: 'it reaches them again', manager: leader, balancers: all(), withinMs: lossMs, isDone: runs(2) },
      act: () => cutOff.plugIn(),
    });
  });

  /** What was in flight on it is lost, and nobody can save it: printed, not asserted. */
  async function losePower(what: string, machine: Machine): Promise<void> {
    const [manager] = others(machine);
    await journey.take({
      ...{ name: `${what} without power`, manager, balancers: others(machine), withinMs: lossMs, isDone: runs(2, 2) },
      act: () => machine.powerOff(),
    });
    const back = await journey.take({
      ...{ name: `${what} back`, manager, balancers: all(), withinMs: lossMs, isDone: runs(2) },
      act: () => machine.powerOn(),
    });
    expectNoneLost(back);
  }
});
