/** Several engines behind one inventory, on a clock that moves by hand. */
import { describe, expect, test } from '@jest/globals';

import type { Container } from '../../src/core/model.ts';
import type { Mark } from '../../src/loop/dirty.ts';
import { Host } from '../../src/loop/host.ts';
import { JointEngine } from '../../src/loop/joint-engine.ts';
import { JointInventory } from '../../src/loop/joint-inventory.ts';
import { JointLifecycle } from '../../src/loop/joint-lifecycle.ts';
import { AppError } from '../../src/loop/ports.ts';
import type { Engine, Seen } from '../../src/loop/ports.ts';
import { container, idOf } from '../support/container.ts';
import { FakeClock } from '../support/fake-clock.ts';
import '../support/native-errors.ts';

/** An engine in memory, as the test says it is. */
class MemoryEngine implements Engine {
  containers: readonly Container[] = [];
  failure: Error | undefined;
  /** What it is asked waits for this. */
  gate: Promise<unknown> = Promise.resolve();
  readonly calls: string[] = [];

  listContainers(): Promise<readonly Container[]> {
    return this.#answer('list', this.containers);
  }

  inspectContainers(ids: readonly string[]): Promise<readonly Container[]> {
    const found = this.containers.filter(({ id }) => ids.includes(id));
    return this.#answer('inspect', found);
  }

  listEvents(): Promise<readonly []> {
    return this.#answer('events', []);
  }

  readStopSignal(): Promise<number | undefined> {
    return this.#answer('stop signal', undefined);
  }

  readStartedAt(): Promise<number | undefined> {
    return this.#answer('started at', 42);
  }

  async #answer<T>(call: string, answer: T): Promise<T> {
    this.calls.push(call);
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    return structuredClone(answer);
  }
}

const self = container({ name: 'shop-lbwatch-1', createdAt: 1 });
const near = container({ name: 'near', createdAt: 2, labels: { 'lb.pool': 'app' } });
const elsewhere = { address: '192.0.2.7', ports: [{ port: 8000, protocol: 'tcp', hostPort: 32768 }] } as const;
const distant = container({
  name: 'far',
  createdAt: 3,
  labels: { 'lb.pool': 'app', secret: 'hush' },
  node: 'host-b',
  published: elsewhere,
});
const away = new AppError('engine', 'nobody answers at far');

function start({ memory = {}, neededId }: { memory?: Record<string, Seen>; neededId?: string } = {}) {
  const clock = new FakeClock();
  const marks: Mark[] = [];
  const written: (readonly [string, readonly Container[]])[] = [];
  const mark = (one: Mark): void => {
    marks.push(one);
  };
  const nothing: Seen = { containers: undefined, note: undefined };
  const store = {
    read: (engine: string) => Promise.resolve(memory[engine] ?? nothing),
    write: (engine: string, containers: readonly Container[]) => {
      written.push([engine, containers]);
      return Promise.resolve();
    },
  };
  const engines = { near: new MemoryEngine(), far: new MemoryEngine() };
  engines.near.containers = [self, near];
  engines.far.containers = [distant];
  const host = (name: 'near' | 'far'): Host =>
    new Host(
      { name, engine: engines[name], isExposed: true, leavesEarly: true, selfId: self.id },
      { clock, store, mark },
    );
  const hosts = { near: host('near'), far: host('far') };
  const all = [hosts.near, hosts.far];
  const inventory = new JointInventory(all, { clock, mark, neededId });
  const refresh = async (stale: 'all' | ReadonlySet<string> = new Set<string>()) =>
    clock.until(inventory.refresh(stale));
  return { clock, marks, written, engines, hosts, all, inventory, refresh };
}

const namesOf = (containers: readonly Container[]): readonly string[] => containers.map(({ name }) => name);

test('all of them in one list, by age, which stays the same for as long as nothing changes', async () => {
  const { inventory, refresh, engines } = start();
  const first = await refresh('all');
  expect(namesOf(first)).toEqual(['shop-lbwatch-1', 'near', 'far']);
  expect(await refresh('all')).toBe(first);
  expect(inventory.isWhole).toBe(true);
  engines.far.calls.length = 0;
  expect(await refresh(new Set([near.id]))).toBe(first);
  expect([engines.near.calls, engines.far.calls]).toEqual([['list', 'list', 'inspect'], []]);
});

test('who is not remembered is not gone: the memory holds members that run, and nothing else of an engine', async () => {
  const { inventory, refresh, engines } = start({ memory: { far: { containers: [distant], note: undefined } } });
  engines.far.failure = away;
  await refresh('all');
  expect(inventory.isWhole).toBe(false);
  engines.far.failure = undefined;
  await refresh('all');
  expect(inventory.isWhole).toBe(true);
  // What it has told itself holds for as long as it is away.
  engines.far.failure = away;
  await refresh('all');
  expect(inventory.isWhole).toBe(true);
});

test('another machine’s networks are none of this one’s; the engine of lbwatch itself is here, whatever way it is asked', async () => {
  const { refresh, engines } = start();
  engines.near.containers = [self, near].map((one) => ({ ...one, node: 'socket-proxy', published: elsewhere }));
  const [own, here, there] = await refresh('all');
  expect(own).toMatchObject({ node: undefined, published: undefined, attachments: self.attachments });
  expect(here).toMatchObject({ node: undefined, published: undefined, attachments: near.attachments });
  expect(there).toMatchObject({ node: 'host-b', published: elsewhere, attachments: [] });
});

test('an engine without TLS is said to be so, but for the one that lbwatch is on', async () => {
  const { refresh, inventory } = start();
  await refresh('all');
  expect(inventory.notes).toEqual([expect.stringMatching(/^engine far is spoken to without TLS: .*SECURITY\.md/)]);
});

test('who is on two of them is on one, and a note says which to leave out', async () => {
  const { refresh, engines, inventory } = start();
  engines.far.containers = [distant, near];
  expect(namesOf(await refresh('all'))).toEqual(['shop-lbwatch-1', 'near', 'far']);
  expect(inventory.notes).toContainEqual(
    expect.stringMatching(/^engine far has the same containers as another one of LBWATCH_ENGINES/),
  );
});

test('who is on two of them is as the one says that answers', async () => {
  const { refresh, engines, inventory } = start();
  engines.far.containers = [distant, near];
  await refresh('all');
  engines.near.failure = away;
  engines.far.containers = [distant, { ...near, state: 'exited' }];
  const list = await refresh('all');
  expect(list.find(({ id }) => id === near.id)).toMatchObject({ state: 'exited' });
  expect(inventory.find(near.id)).toMatchObject({ state: 'exited' });
});

test('what an engine tells of another one’s containers is nothing to them', async () => {
  const { refresh, clock, hosts, all } = start();
  await refresh('all');
  const lifecycle = new JointLifecycle(all, clock);
  const kill = (containerId: string) => ({ action: 'kill', containerId, signal: 15, atMs: clock.unixMs() });
  for (const { id } of [near, distant]) await hosts.far.lifecycle.note(kill(id));
  expect([...lifecycle.departures.keys()]).toEqual([distant.id]);
  await hosts.near.lifecycle.note(kill(near.id));
  expect([...lifecycle.departures.keys()].sort()).toEqual([near.id, distant.id].sort());
});

test('what a fault of ours kept from being seen is looked at with the next pass', async () => {
  const { refresh, engines } = start();
  await refresh('all');
  engines.far.failure = new TypeError('a fault of ours');
  engines.far.containers = [];
  await expect(refresh('all')).rejects.toThrow('a fault of ours');
  engines.far.failure = undefined;
  expect(namesOf(await refresh())).toEqual(['shop-lbwatch-1', 'near']);
});

describe('one that is slow', () => {
  test('is waited for a second, then not at all, and is not asked twice; what it says makes a pass due', async () => {
    const { refresh, engines, clock, marks, inventory } = start();
    await refresh('all');
    inventory.settleIn();
    let open = (): void => undefined;
    engines.far.gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    engines.far.containers = [];
    const before = clock.nowMs();
    expect(namesOf(await refresh('all'))).toContain('far');
    expect(clock.nowMs() - before).toBe(1000);
    engines.near.containers = [self];
    expect(namesOf(await refresh('all'))).toEqual(['shop-lbwatch-1', 'far']);
    expect(clock.nowMs() - before).toBeLessThan(1010);
    expect(engines.far.calls).toEqual(['list', 'list']);
    expect(marks).toEqual([]);
    open();
    await clock.advance(1);
    expect(marks).toMatchObject([{ reason: 'engine answered', stale: new Set() }]);
    expect(namesOf(await refresh())).toEqual(['shop-lbwatch-1']);
  });

  test('and has never told anything is waited for: else its members would be taken for gone', async () => {
    const { inventory, engines, clock } = start();
    inventory.settleIn();
    let open = (): void => undefined;
    engines.far.gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const refreshing = inventory.refresh('all');
    await clock.advance(5000);
    open();
    expect(namesOf(await clock.until(refreshing))).toContain('far');
  });
});

describe('one that fails', () => {
  test('keeps its containers, marked as last seen, until it answers; the others’ stay the same objects', async () => {
    const { refresh, engines, hosts, inventory, marks, clock } = start();
    const first = await refresh('all');
    hosts.far.note({ kind: 'watching' });
    engines.far.failure = away;
    const second = await refresh('all');
    expect(second[1]).toBe(first[1]);
    expect(second[2]).toEqual({ ...first[2], isAsLastSeen: true });
    expect(await refresh('all')).toBe(second);
    expect(inventory.engines).toEqual([
      { name: 'near', awaySinceMs: undefined },
      { name: 'far', awaySinceMs: clock.startUnixMs + clock.nowMs() },
    ]);
    expect(inventory.notes[0]).toMatch(
      /^engine far does not answer since 20\S+Z; its members \(1\) stay as they were last seen.*\(nobody answers at far\)$/,
    );
    expect(marks).toMatchObject([{ reason: 'engine lost' }]);
    // Its stream is up and would say nothing more.
    await clock.advance(1000);
    expect(marks.at(-1)).toMatchObject({ reason: 'retry' });
    engines.far.failure = undefined;
    expect(await refresh()).toEqual(first);
  });

  test('its stream cut once is no news, twice is; it is not asked then, and all of it is looked at when it is back', async () => {
    const { refresh, engines, hosts, inventory, marks, clock } = start();
    const cut = { kind: 'cut', why: 'reset', retryMs: 250, silentMs: 3000 } as const;
    hosts.far.note({ kind: 'watching' });
    await refresh('all');
    await clock.advance(10_000);
    hosts.far.note(cut);
    expect([marks, inventory.engines[1]?.awaySinceMs]).toEqual([[], undefined]);
    hosts.far.note(cut);
    expect(marks).toMatchObject([{ reason: 'engine lost' }]);
    expect(inventory.engines[1]?.awaySinceMs).toBe(clock.unixMs() - 3000);
    engines.far.calls.length = 0;
    await refresh('all');
    expect(engines.far.calls).toEqual([]);
    hosts.far.note({ kind: 'watching' });
    await refresh();
    expect(engines.far.calls).toEqual(['list']);
    expect(inventory.engines[1]?.awaySinceMs).toBeUndefined();
  });

  test('questions about its containers fail no pass', async () => {
    const { refresh, engines, inventory, clock, hosts } = start();
    const joint = new JointEngine(inventory, clock);
    await refresh('all');
    expect(await clock.until(joint.readStartedAt(distant.id))).toBe(42);
    engines.far.failure = away;
    expect(await clock.until(joint.readStartedAt(distant.id))).toBeUndefined();
    await refresh('all');
    engines.far.calls.length = 0;
    await joint.readStartedAt(distant.id);
    expect(engines.far.calls).toEqual([]);
    engines.far.failure = undefined;
    await refresh('all');
    engines.far.gate = new Promise(() => undefined);
    expect(await clock.until(joint.readStartedAt(distant.id))).toBeUndefined();
    expect(await clock.until(joint.inspectContainers([near.id, idOf('nobody')]))).toHaveLength(1);
    const lifecycle = new JointLifecycle([hosts.near, hosts.far], clock);
    await clock.until(lifecycle.recall());
    expect(engines.near.calls).toContain('events');
  });
});

describe('at a start without one', () => {
  const remembered = { far: { containers: [distant], note: undefined } };

  test('its members are as they are remembered', async () => {
    const { refresh, engines, inventory } = start({ memory: remembered });
    engines.far.failure = away;
    const list = await refresh('all');
    expect(list[2]).toMatchObject({ name: 'far', isAsLastSeen: true, published: elsewhere, attachments: [] });
    expect(inventory.isWhole).toBe(false);
    expect(inventory.find(distant.id)).toEqual(distant);
  });

  test('and without a memory the list lacks them, and says so', async () => {
    const { refresh, engines, inventory } = start();
    engines.far.failure = away;
    expect(namesOf(await refresh('all'))).toEqual(['shop-lbwatch-1', 'near']);
    expect(inventory.isWhole).toBe(false);
    expect(inventory.notes[0]).toMatch(/nothing is remembered of it: its members are out until it answers/);
  });

  test('that has lbwatch’s own container there is no pass where it is needed', async () => {
    const { refresh, engines } = start({ neededId: self.id.slice(0, 12) });
    engines.near.failure = new AppError('engine', 'nobody answers at near');
    await expect(refresh('all')).rejects.toThrow('nobody answers at near');
    engines.near.failure = undefined;
    expect(await refresh('all')).toHaveLength(3);
  });

  test('nor is there one where nothing is known of any', async () => {
    const { refresh, engines } = start();
    engines.near.failure = new AppError('engine', 'nobody answers at near');
    engines.far.failure = away;
    await expect(refresh('all')).rejects.toThrow('nobody answers at near; nobody answers at far');
  });
});

test('members are written down when they change, by who stays; of their labels those that count', async () => {
  const { refresh, engines, hosts, inventory, written } = start();
  await refresh('all');
  expect(written).toEqual([]);
  inventory.settleIn();
  engines.far.containers = [distant, container({ name: 'bystander', createdAt: 4 })];
  await refresh('all');
  await refresh('all');
  await hosts.far.settle();
  const labels = Object.fromEntries(Object.entries(distant.labels).filter(([label]) => label !== 'secret'));
  expect(written).toEqual([['far', [{ ...distant, attachments: [], labels }]]]);
  engines.far.containers = [distant, container({ name: 'other-bystander', createdAt: 4 })];
  await refresh('all');
  await hosts.far.settle();
  expect(written).toHaveLength(1);
});
